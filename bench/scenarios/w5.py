"""W5, the idle crowd: what a connection costs that says nothing. Pings are in it, because they never stop."""

import asyncio
import time

from bench import machine
from bench.client import Client, connect_all
from bench.columns import CORES, Column, median
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.scenarios import Effort, Headline, Round, Scenario

FIRST = 100  # connected before memory is looked at, so that what a server makes at its first client is not counted
SETTLE = 3.0
WINDOW = 31.0  # pings come every 20 to 30 seconds, of each connection at its own time
SHORT_WINDOW = 21.0


class Crowd(Scenario):
    name = "w5"
    title = "10,000 idle connections"
    goal = "24 KiB or less and 5 µs of CPU a second or less for each"
    headline = Headline("kib_each", "KiB each", less_is_better=True, digits=1)
    columns = (
        median("CPU each", "cpu_us_each", 1, " µs/s"),
        median("Resident with all", "memory_mib", 0, " MiB"),
        median("Connects/s", "connects_per_s"),
        Column("Stayed", lambda rounds: " ".join(f"{outcome['stayed']:,}" for outcome in rounds)),
        *CORES[:2],
    )
    peers = ("klatch", "tutorial-uvicorn", "socketio", "ws")
    members, rooms = 10_000, 1_000
    once = True
    overhead = 25.0

    def estimate(self, effort: Effort) -> float:
        return self.overhead + (SHORT_WINDOW if effort.short else WINDOW)

    def round(self, peer: Peer, effort: Effort) -> Round:
        try:
            return run_loop(self._measure(peer.start(), effort), self.estimate(effort) + 240)
        finally:
            peer.stop()

    async def _measure(self, running: Running, effort: Effort) -> Round:
        lost: list[Exception] = []

        async def arrive(numbers: range) -> list[Client]:
            return await connect_all(running.dialect, [(n, lambda *_: None, lost.append) for n in numbers])

        clients = await arrive(range(FIRST))
        await asyncio.sleep(SETTLE)
        before, begun = machine.memory(running.pids), time.perf_counter()
        clients += await arrive(range(FIRST, self.members))
        connecting = time.perf_counter() - begun
        await asyncio.sleep(SETTLE)
        usage, begun = machine.Usage(running.pids), time.perf_counter()
        await asyncio.sleep(SHORT_WINDOW if effort.short else WINDOW)
        cpu, seconds = usage.read(), time.perf_counter() - begun
        after = machine.memory(running.pids)
        stayed = self.members - len(lost)
        for client in clients:
            client.abort()
        return {
            "kib_each": round((after - before) * 1024 / (self.members - FIRST), 2),
            "cpu_us_each": round(cpu["server"] * 10_000 / self.members, 2),  # percent of a core → µs/s
            "memory_mib": after,
            "connects_per_s": round((self.members - FIRST) / connecting),
            "stayed": stayed,
            "seconds": round(seconds, 1),
            "cpu": cpu,
        }


SCENARIO = Crowd()
