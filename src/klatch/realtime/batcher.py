"""One visit to the database for all who ask the same kind of thing at the same time. Knows no rights and no sockets.

After a restart everybody comes back at once: what a visit costs whoever asks is then paid once for many.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from klatch.realtime.answers import settle
from klatch.realtime.database import Database

AT_ONCE = 64  # questions of one visit
VISITS = 2  # at the same time, and the second only beside one that is slow: who waits a little is asked for together
SLOW_SECONDS = 0.05
APART_SECONDS = 0.01  # between the beginnings of two visits while a crowd comes


class Batcher[Q, A]:
    """Belongs to the event loop. ``answer`` gives one answer for each question, in order; ``spawn`` runs beside."""

    def __init__(
        self,
        database: Database,
        answer: Callable[[Sequence[Q]], Sequence[A]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._database = database
        self._answer = answer
        self._spawn = spawn
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._visits = 0
        self._slow = False  # the visit that began last

    async def ask(self, question: Q) -> A:
        """Raises what ``answer`` raises for this question alone."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        self._go()
        return await answer

    def _go(self) -> None:
        if self._waiting and (not self._visits or (self._slow and self._visits < VISITS)):
            self._visits += 1
            self._spawn(self._visit())

    def _is_slow(self) -> None:
        self._slow = True
        self._go()

    async def _visit(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                self._slow = False
                loop = asyncio.get_running_loop()
                begun, slow = loop.time(), loop.call_later(SLOW_SECONDS, self._is_slow)
                # Who has gone meanwhile is not asked for.
                await self._ask([asked for asked in some if not asked[1].done()])
                slow.cancel()
                if 1 < len(some) < AT_ONCE:
                    # A visit costs more than what one more asks in it.
                    await asyncio.sleep(begun + APART_SECONDS - loop.time())
        finally:
            self._visits -= 1

    async def _ask(self, some: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        if not some:
            return
        try:
            answers = await self._database.read(self._answer, [question for question, _ in some])
        except Exception as problem:
            if len(some) == 1:
                settle(some[0][1], problem)
                return
            # What fails for one of them is no reason to fail the others.
            for asked in some:
                await self._ask([asked])
            return
        for (_, future), answer in zip(some, answers, strict=True):
            settle(future, answer)
