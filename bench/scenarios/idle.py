"""Idle: how soon a server is ready with its data in place, and what it holds in memory before anybody comes."""

import time
from typing import Any

from bench import machine
from bench.peers import Peer
from bench.scenarios import Effort

SETTLE = 2.0  # seconds for what a server does right after its start


class Idle:
    name = "idle"
    title = "Idle: no clients"
    members = 1

    def round(self, peer: Peer, effort: Effort) -> dict[str, Any]:
        try:
            running = peer.start()
            time.sleep(SETTLE)
            usage = machine.Usage(running.pids)
            time.sleep(SETTLE)
            memory, cpu = machine.memory(running.pids), usage.read()
            return {"ready_s": round(running.ready_s, 3), "memory_mib": memory, "cpu": cpu}
        finally:
            peer.stop()


SCENARIO = Idle()
