"""For as long as one likes, everything at once: check 40. FAULT_SOAK says how many seconds; 72 hours are 259200."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import redis

from klatch.client import Client
from tests import engines
from tests.faults.cluster import restart_postgres
from tests.faults.people import Person, heads, same_as_afresh, stored_messages
from tests.faults.place import Place
from tests.faults.storms import Start, note

SECONDS = float(os.environ.get("FAULT_SOAK", "50"))
PEOPLE = 8
PACE = max(0.1, min(1.0, SECONDS / 1000))  # seconds between two deeds of one person, in the mean
COMPARE = max(20.0, min(300.0, SECONDS / 6))
HURT = max(6.0, min(60.0, SECONDS / 10))


async def test_check_40_after_all_that_happens_everybody_holds_what_a_new_client_loads(place: Start) -> None:
    here = await asyncio.to_thread(place, people=PEOPLE)
    people = [Person(number, lambda: here.urls, token) for number, token in enumerate(here.tokens)]
    for person in people:
        await person.come()
    rooms = [here.room, *[await new_room(here, token) for token in here.tokens[:2]]]
    faults, meter = Faults(here), Meter(here)
    current = partial(heads, here)
    hurts: dict[str, int] = {}
    began, compared = time.monotonic(), 0
    while time.monotonic() < began + SECONDS:
        calm = asyncio.Event()
        living = [asyncio.create_task(person.live(calm, rooms, PACE)) for person in people]
        until = min(began + SECONDS, time.monotonic() + COMPARE)
        while time.monotonic() + HURT / 2 < until:
            await asyncio.sleep(HURT / 2)
            # In the second half nothing ends a process: what it holds is measured.
            name, hurt = faults.next(gentle=time.monotonic() > began + SECONDS / 2)
            await hurt()
            hurts[name] = hurts.get(name, 0) + 1
            await asyncio.sleep(HURT / 2)
            meter.look()
        calm.set()
        await asyncio.gather(*living)
        for person in people:
            await person.settle(current)
        for person in people:
            await same_as_afresh(person, current)
        compared += 1
    stored = await asyncio.to_thread(stored_messages, here)
    acked = {key: value for person in people for key, value in person.acked.items()}
    done: dict[str, int] = {}
    for person in people:
        for what, times in person.done.items():
            done[what] = done.get(what, 0) + times
        await person.held.client.abort()
    note(
        here, seconds=round(time.monotonic() - began), compared=compared, hurts=hurts, done=done, acked=len(acked),
        stored=len(stored), returns=sum(person.returns for person in people), slopes=meter.slopes(),
    )  # fmt: skip
    assert {key: stored.get(key) for key in acked} == acked
    assert sum(times for what, times in done.items() if ": " not in what) > sum(done.values()) / 2, done
    assert not any("internal" in what for what in done), done
    assert compared >= 2
    meter.judge()


async def new_room(here: Place, token: str) -> int:
    async with Client(here.urls[0], token=token) as client:
        room: int = (await client.request("create", name=f"room of {token[-4:]}", kind="open"))["room"]["id"]
    return room


class Faults:
    """What befalls the installation, in turn."""

    def __init__(self, here: Place) -> None:
        self._here = here
        self._turn = 0

    def next(self, *, gentle: bool) -> tuple[str, Callable[[], Any]]:
        kinds: list[Callable[[], Any]] = [self.freeze]
        kinds += [self.lock, self.checkpoint] if self._here.kind == "sqlite" else [self.valkey_away, self.flush]
        if not gentle:
            kinds += [self.kill, self.restart]
            kinds += [self.postgres_away] if self._here.kind == "postgres" else []
        self._turn += 1
        chosen = kinds[self._turn % len(kinds)]
        return chosen.__name__, chosen

    @property
    def _server(self) -> Any:
        return self._here.servers[self._turn % len(self._here.servers)]

    async def kill(self) -> None:
        await asyncio.to_thread(self._server.restart, signal.SIGKILL)

    async def restart(self) -> None:
        await asyncio.to_thread(self._server.restart)

    async def freeze(self) -> None:
        process = self._server.process
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2)
        process.send_signal(signal.SIGCONT)

    async def lock(self) -> None:
        with closing(sqlite3.connect(self._here.data / "klatch.sqlite3", timeout=20, isolation_level=None)) as line:
            line.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(2)
            line.execute("ROLLBACK")

    async def checkpoint(self) -> None:
        def run() -> None:
            with closing(sqlite3.connect(self._here.data / "klatch.sqlite3", timeout=20)) as line:
                line.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                assert line.execute("PRAGMA integrity_check").fetchone() == ("ok",)

        await asyncio.to_thread(run)

    async def valkey_away(self) -> None:
        engines.valkey().stop()
        await asyncio.sleep(2)
        await asyncio.to_thread(engines.valkey().start)

    async def flush(self) -> None:
        with redis.Redis.from_url(engines.valkey().url) as line:
            line.flushall()
            line.client_kill_filter(_type="pubsub", skipme=True)

    async def postgres_away(self) -> None:
        await asyncio.to_thread(restart_postgres, "immediate" if self._turn % 2 else "fast")


class Meter:
    """Memory, files and threads of each process while it lives."""

    def __init__(self, here: Place) -> None:
        self._here = here
        self._began = time.monotonic()
        self._seen: dict[int, list[tuple[float, int, int, int]]] = {}

    def look(self) -> None:
        for server in self._here.servers:
            process = server.process
            with contextlib.suppress(OSError):
                status = dict(
                    line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
                )
                files = len(os.listdir(f"/proc/{process.pid}/fd"))
                self._seen.setdefault(process.pid, []).append(
                    (time.monotonic() - self._began, int(status["VmRSS"].split()[0]), files, int(status["Threads"]))
                )

    def slopes(self) -> list[dict[str, Any]]:
        """Of those that lived longest, leaving out the first minutes in which everything is new."""
        made = []
        for seen in sorted(self._seen.values(), key=len)[-len(self._here.servers) :]:
            settled = seen[len(seen) // 4 :]
            first, last = settled[0], settled[-1]
            made.append({
                "minutes": round((last[0] - first[0]) / 60, 1), "rss_mib": [first[1] // 1024, last[1] // 1024],
                "files": [first[2], last[2]], "threads": [first[3], last[3]],
            })  # fmt: skip
        return made

    def judge(self) -> None:
        for slope in self.slopes():
            assert slope["rss_mib"][1] < slope["rss_mib"][0] * 1.3 + 20, slope
            assert slope["files"][1] <= slope["files"][0] + 15, slope
            assert slope["threads"][1] <= slope["threads"][0] + 5, slope
