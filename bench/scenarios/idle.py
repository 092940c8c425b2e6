"""Idle: how soon a server is ready with its data in place, and what it holds in memory before anybody comes."""

import time

from bench import machine
from bench.columns import Column, median, share
from bench.peers import Peer
from bench.scenarios import Effort, Headline, Round, Scenario

SETTLE = 2.0  # seconds for what a server does right after its start


class Idle(Scenario):
    name = "idle"
    title = "No clients"
    goal = "150 MiB or less; ready 3 s after the start or sooner"
    headline = Headline("memory_mib", "MiB resident", less_is_better=True)
    columns = (
        median("Ready after", "ready_s", 2, " s"),
        Column("CPU", lambda rounds: f"{share(rounds, 'server'):.1f}%"),
    )
    once = True
    peers = ("klatch", "tutorial", "tutorial-uvicorn")

    def estimate(self, effort: Effort) -> float:
        return 3 * SETTLE

    def round(self, peer: Peer, effort: Effort) -> Round:
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
