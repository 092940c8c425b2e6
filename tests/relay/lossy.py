"""A relay that does to envelopes whatever the contract allows: loses, repeats, delays and reorders them."""

import asyncio
import random
from collections.abc import Callable, Sequence

from klatch.relay import Envelope, Receive, Relay
from klatch.relay.memory import MemoryRelay

LONGEST = 0.05  # seconds of delay


class LossyRelay:
    """Around another relay. Each envelope has its own fate, by a seeded random; ``silent`` loses everything."""

    def __init__(self, inner: Relay | None = None, seed: int = 20, *, loss: float = 0.3, repeat: float = 0.2) -> None:
        self._inner = inner or MemoryRelay()
        self.alone = self._inner.alone
        self._random = random.Random(seed)
        self._loss, self._repeat = loss, repeat
        self._late: set[asyncio.TimerHandle] = set()
        self.silent = False
        self.lost = 0

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        self._inner.publish(envelopes)

    async def start(self, receive: Receive, resync: Callable[[], None]) -> None:
        def tamper(envelopes: Sequence[Envelope]) -> None:
            self._tamper(receive, envelopes)

        await self._inner.start(tamper, resync)

    async def stop(self) -> None:
        await self._inner.stop()
        for handle in self._late:
            handle.cancel()
        self._late.clear()

    def _tamper(self, receive: Receive, envelopes: Sequence[Envelope]) -> None:
        chance = self._random
        now: list[Envelope] = []
        for envelope in envelopes:
            copies = 0 if self.silent or chance.random() < self._loss else 1 + (chance.random() < self._repeat)
            self.lost += not copies
            for _ in range(copies):
                # Sometimes only the news of it survives.
                carried = envelope._replace(text=None) if envelope.seq and chance.random() < 0.1 else envelope
                if chance.random() < 0.4:
                    self._later(receive, carried)
                else:
                    now.append(carried)
        chance.shuffle(now)
        if now:
            receive(now)

    def _later(self, receive: Receive, envelope: Envelope) -> None:
        def hand_over() -> None:
            self._late.discard(handle)
            receive([envelope])

        handle = asyncio.get_running_loop().call_later(self._random.random() * LONGEST, hand_over)
        self._late.add(handle)
