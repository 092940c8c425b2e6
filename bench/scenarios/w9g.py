"""W9G, growth: the same questions and posts among ten thousand, a hundred thousand and a million messages.

Who is there grows with the messages, and what one asks for keeps its size: then a cost that grows is the query's own.
"""

import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench import history, machine
from bench.asking import Readers, Work
from bench.columns import CORES
from bench.load import Load, Shape
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.questions import ROOM, Lists, NewPages, Opens, Searches, Truth
from bench.samples import merge, pack, quantile
from bench.scenarios import Column, Effort, Headline, Round, Scenario

SIZES = (10_000, 100_000, 1_000_000)
READERS = 2  # few, as in W9
POST_EVERY = 0.1
PARTS = 4  # of each measurement; everybody connects once in each
PAGES = 250  # the smallest has hardly more that do not overlap
WORDS = 8  # of each kind
COMMON = range(10, 10 + WORDS)  # by frequency: each in one message of twenty
POSTERS = {"a post, alone": Shape(members=2, in_flight=1), "a post, 64 in flight": Shape(members=2, in_flight=64)}
OPERATIONS = {
    "connect": "a connect",
    "opens": "opening a room",
    "lists": "the list of rooms",
    "new_pages": "a page nobody asked for before",
    "rare": "a search for a rare word (60 messages)",
    "common": "a search for a common word (one message of twenty)",
    **{name: name for name in POSTERS},
}

Part = tuple[list[float], float]  # latencies, seconds of the server's processor
Cost = dict[str, Any]  # of one operation: latencies `ms`, packed; `us` of the server's processor for each
Costs = dict[str, Cost]


class Growth(Scenario):
    name = "w9g"
    title = "Growth: what each operation costs among 10,000, 100,000 and a million messages"
    goal = "nothing costs more because there are more messages, rooms' members or accounts"
    headline = Headline("growth", "times the CPU, the operation that grows most", less_is_better=True, digits=2)
    columns = (Column("Which", lambda rounds: ", ".join(dict.fromkeys(it["grows_most"] for it in rounds))), *CORES)
    members = history.TALKERS
    once = True  # what is posted makes the smallest place larger
    overhead = 10.0  # of each size

    def prepare(self, peer: Peer, folder: Path) -> None:
        self._places: dict[int, Any] = {}
        for size in SIZES:
            history.give(peer, folder / str(size), size)
            self._places[size] = peer._folder, peer._filled

    def estimate(self, effort: Effort) -> float:
        return len(SIZES) * (2.5 * effort.seconds + 3 * effort.warm_up + self.overhead)

    def round(self, peer: Peer, effort: Effort) -> Round:
        patience, costs, busy = self.estimate(effort) + 120, {}, []
        for size in SIZES:
            peer._folder, peer._filled = self._places[size]
            rare = _rare(size)
            truth = Truth(peer._folder / "data" / "klatch.sqlite3", [*COMMON, *rare])
            costs[str(size)], cpu = run_loop(self._reading(peer.start(), truth, effort), patience)
            busy.append(cpu)
            for name, shape in POSTERS.items():
                peer.stop()
                costs[str(size)][name] = run_loop(self._posting(peer.start(), shape, effort), patience)
            peer.stop()
        growth = {name: _ratio(costs, name) for name in OPERATIONS}
        most = max(growth, key=lambda name: growth[name])
        cpu = {who: sum(part[who] for part in busy) / len(busy) for who in busy[0]}
        return {"costs": costs, "growth": growth[most], "grows_most": OPERATIONS[most], "cpu": cpu}

    def details(self, rounds: list[Round]) -> str:
        heads = [f"{size:,} messages: p50 / p99 ms | CPU µs" for size in SIZES]
        lines = [
            "| " + " | ".join(["Operation", *heads, "CPU, last to first"]) + " |",
            "|---|" + "--:|" * (2 * len(SIZES) + 1),
        ]
        for name, words in OPERATIONS.items():
            cells = [_cell([outcome["costs"][str(size)][name] for outcome in rounds]) for size in SIZES]
            growth = statistics.median(_ratio(outcome["costs"], name) for outcome in rounds)
            lines.append("| " + " | ".join([words, *cells, f"{growth:.2f}"]) + " |")
        return "\n".join(lines)

    async def _reading(
        self, running: Running, truth: Truth, effort: Effort
    ) -> tuple[dict[str, Cost], dict[str, float]]:
        costs: Costs = {}
        readers = await self._connected(running)
        readers.close()
        parts: list[Part] = []
        for _ in range(PARTS):
            before = machine.cpu_seconds(running.pids)
            readers = await self._connected(running)
            readers.close()
            parts.append((readers.connect_ms, machine.cpu_seconds(running.pids) - before))
        costs["connect"] = _cost(parts)
        readers = await self._connected(running)
        usage = machine.Usage(running.pids)
        half = len(truth.words) // 2
        works: dict[str, tuple[Work, bool]] = {
            "opens": (Opens(truth), True),
            "lists": (Lists(truth), True),
            "new_pages": (NewPages(truth, PAGES), False),
            "common": (Searches(truth, truth.words[:half]), True),
            "rare": (Searches(truth, truth.words[half:]), True),
        }
        for name, (work, warm) in works.items():
            if warm:
                await readers.run(work, effort.warm_up / 2)
            costs[name] = await _measured(running, lambda seconds, work=work: readers.run(work, seconds), effort)
        readers.close()
        return costs, usage.read()

    async def _connected(self, running: Running) -> Readers:
        readers = Readers(running.dialect, self.members, READERS, ROOM, POST_EVERY)
        await readers.connect()
        return readers

    async def _posting(self, running: Running, shape: Shape, effort: Effort) -> Cost:
        load = Load(running.dialect, shape)
        await load.connect()
        await load.run(effort.warm_up / 2)
        cost = await _measured(running, load.run, effort)
        if any(faults := load.close().values()):
            raise ValueError(f"posting went wrong: {faults}")
        return cost


def _rare(size: int) -> range:
    """Words by frequency that some sixty messages have, however many there are."""
    first = size * 19 // 1000
    return range(first, first + WORDS)


async def _measured(running: Running, run: Callable[[float], Awaitable[Any]], effort: Effort) -> Cost:
    parts: list[Part] = []
    for _ in range(PARTS):
        before = machine.cpu_seconds(running.pids)
        window = await run(effort.seconds / 4 / PARTS)
        parts.append((window.answer_ms, machine.cpu_seconds(running.pids) - before))
    return _cost(parts)


def _cost(parts: list[Part]) -> Cost:
    """Every latency; of the processor the calmest part, since neighbours only ever add to it."""
    used = min(cpu_seconds / len(milliseconds) for milliseconds, cpu_seconds in parts if milliseconds)
    return {"ms": pack(value for milliseconds, _ in parts for value in milliseconds), "us": round(used * 1e6, 1)}


def _ratio(costs: dict[str, Costs], name: str) -> float:
    first, last = (costs[str(size)][name]["us"] for size in (SIZES[0], SIZES[-1]))
    return round(last / first, 2)


def _cell(costs: list[Cost]) -> str:
    packed = merge(cost["ms"] for cost in costs)
    median, slow = (quantile(packed, share) for share in (0.5, 0.99))
    return f"{median:,.2f} / {slow:,.1f} | {statistics.median(cost['us'] for cost in costs):,.0f}"


SCENARIO = Growth()
