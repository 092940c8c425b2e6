"""W6, the restart: everybody loses the server at once and comes back by the product's own rule, while one posts on."""

import asyncio

from bench import machine
from bench.columns import PROOF, Column, median, percentiles
from bench.crowd import REPEATED, Crowd
from bench.loop import run_loop
from bench.peers import Peer, Running
from bench.returning import Returning, clock
from bench.samples import pack, quantile
from bench.scenarios import Effort, Headline, Round, Scenario

BEFORE = 2.0  # seconds of posting before the restart
PATIENCE = 120.0  # until whoever is not back counts as gone


class Restart(Scenario):
    name = "w6"
    title = "Server restart under 5,000 connected clients, 2 messages/s"
    goal = "all back and complete, p95 within 6 s of the signal to stop"
    headline = Headline("back_p95_s", "s until 95% are back", less_is_better=True, digits=2)
    columns = (
        median("Server away", "away_s", 2, " s"),
        percentiles("Back p50 / p95 / p99 ms", "back_ms", (0.5, 0.95, 0.99)),
        Column("Never came back", lambda rounds: f"{sum(outcome['gone'] for outcome in rounds):,}"),
        median("Delivered", "delivered_percent", 3, "%"),
        REPEATED,
        median("Generator core", "generator_percent", 0, "%"),
        *PROOF,
    )
    peers = ("klatch", "socketio")
    members = 5_000
    once = True
    overhead = 40.0

    def estimate(self, effort: Effort) -> float:
        return self.overhead

    def round(self, peer: Peer, effort: Effort) -> Round:
        try:
            crowd, result = run_loop(self._measure(peer, peer.start()), 420)
        finally:
            peer.stop()
        return result | peer.stored(crowd.poster.receipts)

    async def _measure(self, peer: Peer, running: Running) -> tuple[Crowd, Round]:
        crowd = Crowd(running.dialect, self.members, Returning)
        await crowd.arrive()
        usage = machine.Usage([])
        posting = asyncio.create_task(crowd.post())
        await asyncio.sleep(BEFORE)
        first = {client: len(client.returns) for client in crowd.clients}
        signal = clock()
        await asyncio.to_thread(peer.stop)
        await asyncio.to_thread(peer.start, running.dialect.address(0)[1])
        away = clock() - signal
        await crowd.until(lambda: all(len(client.returns) > n for client, n in first.items()), PATIENCE)
        generator = usage.read()["generator"]
        posting.cancel()
        await crowd.settle()
        back = [client.returns[n][1] - signal for client, n in first.items() if len(client.returns) > n]
        packed = pack(seconds * 1000 for seconds in back)
        return crowd, {
            **crowd.close(),
            "away_s": round(away, 2),
            "back_ms": packed,
            "back_p95_s": round(quantile(packed, 0.95) / 1000, 2),
            "generator_percent": generator,
            "gone": len(crowd.clients) - len(back),
        }


SCENARIO = Restart()
