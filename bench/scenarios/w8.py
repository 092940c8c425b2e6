"""W8, opening things: rooms, pages of history, lists of rooms, searches, while somebody posts in the same room."""

import gc
from pathlib import Path

from bench import history, machine
from bench.asking import Readers
from bench.columns import CORES, each, median, percentiles
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.questions import ROOM, Lists, Opens, Pages, Searches, Truth
from bench.samples import pack
from bench.scenarios import Effort, Headline, Round, Scenario

READERS = 16
POST_EVERY = 0.1
WARM = 2.0  # seconds: what is asked for again and again has been asked for before
WORKS = (Opens, Pages, Lists, Searches)


class Opening(Scenario):
    name = "w8"
    title = "Opening things: 16 closed-loop readers among 50 people, a million messages, 10 posts a second beside"
    goal = "12,000 opens, 12,000 pages, 15,000 lists and 2,000 searches a second"
    headline = Headline("opens_per_s", "opens/s")
    columns = (
        each("rounds", "opens_per_s"),
        median("Pages/s", "pages_per_s"),
        median("Lists/s", "lists_per_s"),
        median("Searches/s", "searches_per_s"),
        percentiles("Open p50 / p99 ms", "opens_ms"),
        percentiles("Page p50 / p99 ms", "pages_ms"),
        percentiles("List p50 / p99 ms", "lists_ms"),
        percentiles("Search p50 / p99 ms", "searches_ms"),
        *CORES,
    )
    members = history.TALKERS
    overhead = 20.0

    def prepare(self, peer: Peer, folder: Path) -> None:
        history.give(peer, folder)

    def estimate(self, effort: Effort) -> float:
        return len(WORKS) * (effort.seconds / 2 + max(effort.warm_up, WARM)) + self.overhead

    def round(self, peer: Peer, effort: Effort) -> Round:
        truth = Truth(peer._folder / "data" / "klatch.sqlite3")
        try:
            return run_loop(self._measure(peer.start(), truth, effort), self.estimate(effort) + 60)
        finally:
            peer.stop()

    async def _measure(self, running: Running, truth: Truth, effort: Effort) -> Round:
        readers = Readers(running.dialect, self.members, READERS, ROOM, POST_EVERY)
        await readers.connect()
        result: Round = {"checked": 0, "different": 0, "posts": 0}
        busy: list[dict[str, float]] = []
        for kind in WORKS:
            work = kind(truth)
            await readers.run(work, max(effort.warm_up, WARM))
            gc.collect()
            gc.disable()  # the generator keeps every sample
            try:
                usage = machine.Usage(running.pids)
                window = await readers.run(work, effort.seconds / 2)
                busy.append(usage.read())
            finally:
                gc.enable()
            result[f"{kind.name}_per_s"] = round(window.answers / window.seconds)
            result[f"{kind.name}_ms"] = pack(window.answer_ms)
            result[f"{kind.name}_cpu"] = busy[-1]
            result["checked"] += window.answers
            result["different"] += window.different
            result["posts"] += window.posts
        readers.close()
        cpu = {who: sum(part[who] for part in busy) / len(busy) for who in busy[0]}
        return {**result, "cpu": cpu, "memory_mib": machine.memory(running.pids)}


SCENARIO = Opening()
