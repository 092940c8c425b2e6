"""One round of rooms under load: connect, warm up, measure, hang up, check what arrived and what is stored."""

import gc

from bench import machine
from bench.columns import DELIVERIES, ROOM
from bench.load import Load, Shape, Window
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.samples import pack
from bench.scenarios import Effort, Round, Scenario

PATIENCE = 180.0  # seconds for a round beyond what it should take


class RoomLoad(Scenario):
    headline = DELIVERIES
    columns = ROOM

    def __init__(
        self, name: str, title: str, shape: Shape, *, goal: str, peers: tuple[str, ...], overhead: float = 3.0
    ) -> None:
        self.name, self.title, self.goal, self.peers, self.overhead = name, title, goal, peers, overhead
        self.members, self.rooms = shape.members, shape.rooms
        self._shape = shape

    def round(self, peer: Peer, effort: Effort) -> Round:
        try:
            load, result = run_loop(self._measure(peer.start(), effort), self.estimate(effort) + PATIENCE)
        finally:
            peer.stop()
        return result | peer.stored(load.receipts)

    async def _measure(self, running: Running, effort: Effort) -> tuple[Load, Round]:
        load = Load(running.dialect, self._shape)
        await load.connect()
        await load.run(effort.warm_up)
        gc.collect()
        gc.disable()  # the generator keeps every receipt; looking through them is not the server's fault
        try:
            usage = machine.Usage(running.pids)
            window = await load.run(effort.seconds)
            cpu = usage.read()
        finally:
            gc.enable()
        memory = machine.memory(running.pids)
        return load, {**_rates(window), "cpu": cpu, "memory_mib": memory, "posted": load.posted, "faults": load.close()}


def _rates(window: Window) -> Round:
    return {
        "seconds": round(window.seconds, 3),
        "deliveries": window.deliveries,
        "deliveries_per_s": round(window.deliveries / window.seconds),
        "posts_per_s": round(window.posts / window.seconds),
        "answer_ms": pack(window.answer_ms),
        "delivery_ms": pack(window.delivery_ms),
        "stalled": window.stalled,
    }
