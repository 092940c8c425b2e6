"""W9, a long history: how long an answer takes in a million messages, what a post costs beside an empty place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import history, machine
from bench.asking import Readers
from bench.columns import CORES, median, percentiles
from bench.load import Load, Shape
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.questions import ROOM, AnyPages, Searches, Truth
from bench.samples import pack
from bench.scenarios import Effort, Headline, Round, Scenario

READERS = 2  # few: what is asked for is how long an answer takes, not how many there are
POST_EVERY = 0.1
CONNECTS = 4  # times each of the people
POSTING = Shape(members=history.TALKERS, in_flight=64)
TURNS = 3  # here and there one after the other, each time on a fresh server: one window of seconds says little


@dataclass
class Posted:
    """In all turns of one place."""

    posts: int = 0
    seconds: float = 0.0
    cpu: float = 0.0  # seconds of the server's processor


class LongHistory(Scenario):
    name = "w9"
    title = (
        "A million messages, 1,000 rooms, 10,000 members: pages never asked for before, searches, connecting, posting"
    )
    goal = "history p99 ≤ 15 ms, search p99 ≤ 60 ms, connect p99 ≤ 50 ms, posts cost what they cost in an empty place"
    headline = Headline("posts_here_to_empty", "of an empty place's posts/s", digits=2)
    columns = (
        percentiles("History p50 / p99 ms", "history_ms"),
        percentiles("Search p50 / p99 ms", "search_ms"),
        percentiles("Connect p50 / p99 ms", "connect_ms"),
        median("Posts/s here", "posts_per_s"),
        median("Posts/s in an empty place", "empty_posts_per_s"),
        median("CPU µs a post here", "post_us", 1),
        median("CPU µs a post in an empty place", "empty_post_us", 1),
        *CORES,
    )
    members = history.TALKERS
    overhead = 45.0

    def prepare(self, peer: Peer, folder: Path) -> None:
        history.give(peer, folder / "full")
        self._full: Any = (peer._folder, peer._filled)
        peer.prepare(folder / "empty", self.members)
        self._empty: Any = (peer._folder, peer._filled)

    def estimate(self, effort: Effort) -> float:
        return 2 * effort.seconds + (2 * TURNS + 1) * effort.warm_up + self.overhead

    def round(self, peer: Peer, effort: Effort) -> Round:
        patience = self.estimate(effort) + 120
        peer._folder, peer._filled = self._full
        truth = Truth(peer._folder / "data" / "klatch.sqlite3")
        try:
            result = run_loop(self._reading(peer.start(), truth, effort), patience)
            here, empty = Posted(), Posted()
            for _ in range(TURNS):
                for place, posted in ((self._full, here), (self._empty, empty)):
                    peer.stop()
                    peer._folder, peer._filled = place
                    run_loop(self._posting(peer.start(), effort, posted), patience)
        finally:
            peer.stop()
        return {
            **result,
            "posts_per_s": round(here.posts / here.seconds),
            "empty_posts_per_s": round(empty.posts / empty.seconds),
            "posts_here_to_empty": here.posts / here.seconds / (empty.posts / empty.seconds),
            "post_us": here.cpu / here.posts * 1e6,
            "empty_post_us": empty.cpu / empty.posts * 1e6,
        }

    async def _reading(self, running: Running, truth: Truth, effort: Effort) -> Round:
        connects: list[float] = []
        for _ in range(CONNECTS):
            readers = Readers(running.dialect, self.members, READERS, ROOM, POST_EVERY)
            await readers.connect()
            connects += readers.connect_ms
            readers.close()
        readers = Readers(running.dialect, self.members, READERS, ROOM, POST_EVERY)
        await readers.connect()
        await readers.run(AnyPages(truth), effort.warm_up / 2)
        usage = machine.Usage(running.pids)
        pages = await readers.run(AnyPages(truth), effort.seconds / 2)
        searches = await readers.run(Searches(truth), effort.seconds / 2)
        cpu = usage.read()
        readers.close()
        return {
            "history_ms": pack(pages.answer_ms),
            "search_ms": pack(searches.answer_ms),
            "connect_ms": pack(connects),
            "checked": pages.answers + searches.answers,
            "cpu": cpu,
            "memory_mib": machine.memory(running.pids),
        }

    async def _posting(self, running: Running, effort: Effort, posted: Posted) -> None:
        load = Load(running.dialect, POSTING)
        await load.connect()
        await load.run(effort.warm_up)
        before = machine.cpu_seconds(running.pids)
        window = await load.run(effort.seconds / 2 / TURNS)
        posted.cpu += machine.cpu_seconds(running.pids) - before
        posted.posts += window.posts
        posted.seconds += window.seconds
        if any(faults := load.close().values()):
            raise ValueError(f"posting went wrong: {faults}")


SCENARIO = LongHistory()
