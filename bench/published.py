"""What others published and what cannot run here: figures of other machines, to know the order of magnitude."""

from typing import NamedTuple


class Published(NamedTuple):
    scenario: str
    who: str
    figure: str
    hardware: str
    source: str


CAMPFIRE = "four cores, load on the same machine, data on tmpfs without fsync"
CAMPFIRE_SOURCE = "benchmarks in the repositories of once-campfire and its ports"
ANYCABLE = "32 vCPU, 32 GB, 13 load generators; 10,000 clients"
ANYCABLE_SOURCE = "anycable/nodejs-websocket-bench, 2026-06"

PUBLISHED = (
    Published("w1", "MongooseIM 6.1", "no figure, only the set-up", "2 nodes, PostgreSQL", "its site"),
    Published("w2", "Campfire in Go", "9,021 posts/s", CAMPFIRE, CAMPFIRE_SOURCE),
    Published("w2", "Campfire in Rust", "8,037 posts/s", CAMPFIRE, CAMPFIRE_SOURCE),
    Published("w2", "Campfire in C", "7,530 posts/s", CAMPFIRE, CAMPFIRE_SOURCE),
    Published("w2", "Campfire in Elixir", "1,278 posts/s", CAMPFIRE, CAMPFIRE_SOURCE),
    Published("w2", "Campfire in Rails", "330 posts/s", CAMPFIRE, CAMPFIRE_SOURCE),
    Published("w2", "Campfire in Django", "262 posts/s; four workers and Redis", CAMPFIRE, CAMPFIRE_SOURCE),
    Published("w3", "Campfire in Rust", "409,000 deliveries/s", "two CPUs, without fsync", CAMPFIRE_SOURCE),
    Published("w3", "Campfire in Go", "233,000 deliveries/s", "two CPUs, without fsync", CAMPFIRE_SOURCE),
    Published("w3", "Campfire in Rails", "12,000 deliveries/s", "two CPUs, without fsync", CAMPFIRE_SOURCE),
    Published(
        "w3b",
        "AnyCable, Action Cable",
        "p95 1,033 ms, 9,758 ms; 10,000 clients, 8 broadcasters",
        "8 vCPU (c3.2xlarge)",
        "anycable benchmarks, 2020-06",
    ),
    Published(
        "w4",
        "Centrifuge (Go)",
        "500,000 deliveries/s, which is 12,500 a CPU; groups of 10",
        "20 pods of 2 CPU (E5-2640v4), 5 Redis",
        "centrifugal.dev, 2020-02",
    ),
    Published(
        "w5", "Centrifugo PRO", "10.9 KB tuned, 27 KB before; 2.2 µs/s", "16 vCPU (EPYC)", "centrifugal.dev, 2026"
    ),
    Published("w5", "AnyCable, Pro", "33 KB, 19 KB", ANYCABLE, ANYCABLE_SOURCE),
    Published("w5", "Socket.IO", "53 KB", ANYCABLE, ANYCABLE_SOURCE),
    Published("w5", "uWebSockets", "5.4 KB", ANYCABLE, ANYCABLE_SOURCE),
    Published("w5", "ejabberd 16.01", "28 KB a session", "40 vCPU, 160 GiB; 2 million users", "ProcessOne, 2016"),
    Published("w6", "Socket.IO", "p95 6.0 s; 3.8% never returned; 5,000 clients", ANYCABLE, ANYCABLE_SOURCE),
    Published("w7", "Socket.IO", "84.55% delivered", ANYCABLE, ANYCABLE_SOURCE),
    Published("w7", "uWebSockets", "87.03% delivered", ANYCABLE, ANYCABLE_SOURCE),
    Published("w7", "Socket.IO with recovery", "100%; replay p99 4.6 s", ANYCABLE, ANYCABLE_SOURCE),
    Published("w7", "AnyCable", "100%; replay p99 6.1 s", ANYCABLE, ANYCABLE_SOURCE),
)
