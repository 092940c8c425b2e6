"""W8b, the same over HTTP: REST and the page, beside an empty view with the session's user in the same server."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import history, machine
from bench.columns import CORES, median, percentiles
from bench.loop import run_loop
from bench.peers import Peer
from bench.process import HOST, Process, free_port, says_ok
from bench.questions import ROOM
from bench.samples import pack
from bench.scenarios import Effort, Headline, Round, Scenario

READERS = 16
ROUNDS = 4  # short ones in turn, so that all meet the same weather
ADDRESSES = {"empty": "/empty/", "rest": f"/api/v1/rooms/{ROOM}/messages", "page": f"/chat/room-{ROOM}/"}
MARKS = {"empty": b'{"you":', "rest": b'"type":"history"', "page": b"<!doctype html>"}


class Reader:
    """One connection that is kept; asks again as soon as it has the whole answer."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie = port, cookie

    async def connect(self) -> None:
        self._in, self._out = await asyncio.open_connection(HOST, self._port, limit=2**20)

    async def ask(self, path: str, mark: bytes) -> None:
        self._out.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nCookie: {self._cookie}\r\n\r\n".encode())
        head = (await self._in.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200 "):
            raise ValueError(f"{path} was refused: {head[:200]!r}")
        _, _, rest = head.partition(b"content-length: ")
        body = await self._in.readexactly(int(rest.split(b"\r\n", 1)[0]))
        if mark not in body[:200].lower():
            raise ValueError(f"{path} answered something else: {body[:200]!r}")

    def close(self) -> None:
        self._out.close()


class OverHttp(Scenario):
    name = "w8b"
    title = "Opening a room by REST and as a page, beside an empty view that asks for the session's user"
    goal = "both at least 90 % of the empty view"
    headline = Headline("rest_to_empty", "of an empty view's requests/s", digits=2)
    columns = (
        median("Page to it", "page_to_empty", 2),
        median("Empty view/s", "empty_per_s"),
        median("REST/s", "rest_per_s"),
        median("Page/s", "page_per_s"),
        percentiles("REST p50 / p99 ms", "rest_ms"),
        percentiles("Page p50 / p99 ms", "page_ms"),
        *CORES,
    )
    members = history.TALKERS
    overhead = 10.0

    def prepare(self, peer: Peer, folder: Path) -> None:
        history.give(peer, folder)
        command = [sys.executable, "-m", "bench.beside"]
        done = subprocess.run(
            command, check=True, cwd=history.ROOT, env=os.environ | peer._environment(), capture_output=True, text=True
        )
        self._cookies: list[str] = json.loads(done.stdout.splitlines()[-1])

    def estimate(self, effort: Effort) -> float:
        return effort.seconds + effort.warm_up + self.overhead

    def round(self, peer: Peer, effort: Effort) -> Round:
        port = free_port()
        options = ["--host", HOST, "--port", str(port), "--no-access-log", "--log-level", "warning"]
        server = Process(
            [sys.executable, "-m", "uvicorn", "bench.beside:application", *options],
            log=peer._folder / "log",
            cwd=history.ROOT,
            env=peer._environment(),
        )
        try:
            server.wait(lambda: says_ok(port, "/readyz"))
            return run_loop(self._measure(port, server.pid, effort), self.estimate(effort) + 60)
        finally:
            server.stop()

    async def _measure(self, port: int, pid: int, effort: Effort) -> Round:
        readers = [Reader(port, self._cookies[number]) for number in range(READERS)]
        for reader in readers:
            await reader.connect()
        times: dict[str, list[float]] = {name: [] for name in ADDRESSES}
        spent = dict.fromkeys(ADDRESSES, 0.0)

        async def go_on(reader: Reader, name: str, deadline: float, into: list[float]) -> None:
            while (begun := time.perf_counter()) < deadline:
                await reader.ask(ADDRESSES[name], MARKS[name])
                into.append((time.perf_counter() - begun) * 1000)

        async def together(name: str, seconds: float, into: list[float]) -> float:
            begun = time.perf_counter()
            await asyncio.gather(*(go_on(reader, name, begun + seconds, into) for reader in readers))
            return time.perf_counter() - begun

        for name in ADDRESSES:
            await together(name, effort.warm_up / len(ADDRESSES), [])
        usage = machine.Usage([pid])
        for _ in range(ROUNDS):
            for name in ADDRESSES:
                spent[name] += await together(name, effort.seconds / ROUNDS / len(ADDRESSES), times[name])
        result: dict[str, Any] = {"cpu": usage.read(), "memory_mib": machine.memory([pid])}
        for reader in readers:
            reader.close()
        for name in ADDRESSES:
            result[f"{name}_per_s"] = round(len(times[name]) / spent[name], 1)
            result[f"{name}_ms"] = pack(times[name])
        result["rest_to_empty"] = result["rest_per_s"] / result["empty_per_s"]
        result["page_to_empty"] = result["page_per_s"] / result["empty_per_s"]
        return result


SCENARIO = OverHttp()
