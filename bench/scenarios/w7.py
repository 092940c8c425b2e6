"""W7, jitter: everybody is cut off every 15 seconds or so, for 2 seconds, and nobody may miss a word."""

import asyncio

from bench import machine
from bench.columns import CORES, PROOF, Column, percentiles
from bench.crowd import REPEATED, Crowd
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.returning import Jittery
from bench.samples import pack
from bench.scenarios import Effort, Headline, Round, Scenario

SECONDS, SHORT_SECONDS = 34.0, 25.0


class Jitter(Scenario):
    name = "w7"
    title = "Jitter: 2,000 clients, each cut off every 12 to 18 s for 2 s; 2 messages/s"
    goal = "100.000% delivered, replay p99 2 s or less"
    headline = Headline("delivered_percent", "% delivered", digits=3)
    columns = (
        percentiles("Replay p50 / p99 ms (from the first packet of a return to complete)", "replay_ms"),
        percentiles("Missed messages, p50 / p99 ms (from the post, so up to 2 s of it offline)", "caught_up_ms"),
        Column("Returns", lambda rounds: f"{sum(outcome['returns'] for outcome in rounds):,}"),
        REPEATED,
        *CORES[:2],
        *PROOF,
    )
    peers = ("klatch", "tutorial-pubsub", "socketio", "socketio-recovery")
    members = 2_000
    once = True
    overhead = 20.0

    def estimate(self, effort: Effort) -> float:
        return self.overhead + (SHORT_SECONDS if effort.short else SECONDS)

    def round(self, peer: Peer, effort: Effort) -> Round:
        try:
            crowd, result = run_loop(self._measure(peer.start(), effort), self.estimate(effort) + 240)
        finally:
            peer.stop()
        return result | peer.stored(crowd.poster.receipts)

    async def _measure(self, running: Running, effort: Effort) -> tuple[Crowd, Round]:
        crowd = Crowd(running.dialect, self.members, Jittery)
        await crowd.arrive()
        usage = machine.Usage(running.pids)
        posting = asyncio.create_task(crowd.post())
        await asyncio.sleep(SHORT_SECONDS if effort.short else SECONDS)
        posting.cancel()
        cpu = usage.read()
        await crowd.settle()
        returns = [end - begun for client in crowd.clients for begun, end in client.returns[1:]]
        return crowd, {
            **crowd.close(),
            "replay_ms": pack(seconds * 1000 for seconds in returns),
            "caught_up_ms": pack(crowd.caught_up_ms),
            "returns": len(returns),
            "cpu": cpu,
        }


SCENARIO = Jitter()
