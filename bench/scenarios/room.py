"""One round of a room under load: connect, warm up, measure, hang up, check what arrived and what is stored."""

import asyncio
import gc
from dataclasses import dataclass
from typing import Any

from bench import machine
from bench.load import Load, Window
from bench.peers import Peer, Running
from bench.scenarios import Effort


@dataclass(frozen=True)
class RoomLoad:
    name: str
    title: str
    members: int
    in_flight: int

    def round(self, peer: Peer, effort: Effort) -> dict[str, Any]:
        with machine.pinned(machine.LOAD_CORE):
            try:
                load, result = _run_loop(self._measure(peer.start(), effort))
            finally:
                peer.stop()
        if peer.keeps:
            result["verified"] = len(load.receipts)
            result["not_stored"] = peer.verify(load.receipts)
        return result

    async def _measure(self, running: Running, effort: Effort) -> tuple[Load, dict[str, Any]]:
        load = Load(running.dialect, self.members, self.in_flight)
        await load.connect()
        await load.run(effort.warm_up)
        gc.collect()
        gc.disable()  # the generator keeps every receipt; looking through them is not the server's fault
        usage = machine.Usage(running.pids)
        window = await load.run(effort.seconds)
        cpu = usage.read()
        gc.enable()
        memory = machine.memory(running.pids)
        return load, {**_rates(window), "cpu": cpu, "memory_mib": memory, "posted": load.posted, "faults": load.close()}


def _rates(window: Window) -> dict[str, Any]:
    return {
        "seconds": round(window.seconds, 3),
        "deliveries": window.deliveries,
        "deliveries_per_s": round(window.deliveries / window.seconds),
        "posts_per_s": round(window.posts / window.seconds),
        "answer_ms": window.answer_ms,
        "delivery_ms": window.delivery_ms,
        "stalled": window.stalled,
    }


def _run_loop(measuring: Any) -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(measuring)
    return uvloop.run(measuring)
