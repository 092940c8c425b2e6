"""W3, the second half: one voice, and how long the last of 5,000 waits to hear it."""

from bench.load import Shape
from bench.scenarios.room import RoomLoad

PEERS = ("klatch", "ws")
SCENARIO = RoomLoad(
    "w3b",
    "Large hall: 5,000 members, one poster, 2 in flight",
    Shape(members=5_000, in_flight=2),
    goal="90,000 deliveries/s; p99 to the last member 150 ms or less",
    peers=PEERS,
    overhead=12,
)
