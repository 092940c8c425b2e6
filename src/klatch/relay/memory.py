"""The relay of a single process: straight into its own event loop."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from klatch.relay import Envelope, Receive


class MemoryRelay:
    """Loses nothing and keeps the order of each publishing thread. Reaches no other process."""

    alone = True

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receive: Receive | None = None

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        loop, receive = self._loop, self._receive
        if loop is not None and receive is not None:
            # The loop may close between the look and the call: then there is nobody left to tell.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._hand_over, receive, envelopes)

    async def start(self, receive: Receive, resync: Callable[[], None]) -> None:
        self._loop, self._receive = asyncio.get_running_loop(), receive

    async def stop(self) -> None:
        self._loop = self._receive = None

    def _hand_over(self, receive: Receive, envelopes: Sequence[Envelope]) -> None:
        if self._receive is receive:
            receive(envelopes)
