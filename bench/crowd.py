"""Clients that come back: what W6 and W7 share. A poster with an outbox, a crowd, and what everybody has at the end."""

import asyncio
import random
from collections.abc import Callable, Sequence

from bench.columns import Column
from bench.dialect import Dialect
from bench.returning import Returning, clock
from bench.scenarios import Round

EVERY = 0.5  # seconds between two posts
SETTLED = 60.0  # seconds after the last post in which everything must have come
STILL = 8.0  # seconds without a new message after which the rest is lost
ARRIVING = 100  # clients a second may begin at first; a storm is measured later


class Crowd:
    def __init__(self, dialect: Dialect, members: int, kind: type[Returning]) -> None:
        chance = random.Random(6)
        self.caught_up_ms: list[float] = []  # post to arrival, of what came by catching up
        self._sent: list[float] = []
        self.clients = [kind(dialect, n, chance, self._arrived) for n in range(1, members)]
        self.poster = Returning(dialect, 0, chance, lambda serials, caught_up: None)
        self._acknowledges = dialect.acknowledges

    async def arrive(self) -> None:
        everybody = [self.poster, *self.clients]
        for start in range(0, len(everybody), ARRIVING):
            some = everybody[start : start + ARRIVING]
            for client in some:
                client.start()
            await self.until(lambda some=some: all(client.returns for client in some), 60)
        if not all(client.returns for client in everybody):
            raise ConnectionError("not everybody could connect")

    async def post(self) -> None:
        """Every half second, until it is cancelled."""
        while True:
            self._sent.append(clock())
            self.poster.post(len(self._sent) - 1)
            await asyncio.sleep(EVERY)

    async def settle(self) -> None:
        """Nobody posts any more: wait for what is on its way."""
        progress, since = -1, clock()

        def over() -> bool:
            nonlocal progress, since
            lacking = self._lacking()
            if lacking != progress:
                progress, since = lacking, clock()
            return not lacking or clock() - since > STILL

        await self.until(over, SETTLED)

    @staticmethod
    async def until(true: Callable[[], bool], patience: float) -> None:
        end = clock() + patience
        while clock() < end and not true():  # noqa: ASYNC110 - it is thousands that change
            await asyncio.sleep(0.05)

    def close(self) -> Round:
        """Hang up and say who has what. The poster is the one whose messages count; it is not counted itself."""
        posted = len(self._sent)
        for client in [self.poster, *self.clients]:
            client.stop()
        tallies = [client.tally for client in self.clients]
        delivered = sum(tally.count for tally in tallies)
        for tally in tallies:
            tally.close(posted)
        faults = [client.fault for client in [self.poster, *self.clients] if client.fault is not None]
        if faults:
            raise faults[0]
        return {
            "posted": posted,
            "delivered_percent": round(100 * delivered / (posted * len(tallies)), 4),
            "repeated": sum(client.session.repeated for client in self.clients),
            "faults": {
                "lost": sum(len(tally.missing) for tally in tallies),
                "duplicated": sum(tally.duplicates for tally in tallies),
                "out_of_order": sum(tally.late for tally in tallies),
                "unanswered": posted - len(self.poster.receipts) if self._acknowledges else 0,
            },
        }

    def _lacking(self) -> int:
        return sum(len(self._sent) - client.tally.count for client in self.clients)

    def _arrived(self, serials: Sequence[int], caught_up: bool) -> None:
        if caught_up:
            now = clock()
            self.caught_up_ms.extend((now - self._sent[serial]) * 1000 for serial in serials)


REPEATED = Column("Repeated, dropped by the client", lambda rounds: f"{sum(it['repeated'] for it in rounds):,}")
