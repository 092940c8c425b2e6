"""Searches that wait together are run by one visit to the thread they have on SQLite, in turn by person.

Each is run as if it were alone, with its own look at what its person may see: only the way there and back is shared.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from klatch import commands, protocol
from klatch.errors import KlatchError
from klatch.realtime.answers import settle
from klatch.realtime.database import Database

AT_ONCE = 8  # searches of one visit
SECONDS = 0.004  # after which a visit begins no other: who waits behind a slow one is answered without the next


class Asked(NamedTuple):
    answer: "asyncio.Future[Any]"
    user: Any
    request: protocol.Search


class Searches:
    """Belongs to the event loop. ``database`` has one thread; ``spawn`` runs something beside."""

    def __init__(self, database: Database, spawn: Callable[[Any], Any]) -> None:
        self._database = database
        self._spawn = spawn
        self._waiting: dict[int, deque[Asked]] = {}  # by person, whose turn it is first
        self._visiting = False

    def begin(self, user: Any, request: protocol.Search) -> "asyncio.Future[Any]":
        """The reply, or the refusal."""
        asked = Asked(asyncio.get_running_loop().create_future(), user, request)
        self._waiting.setdefault(user.pk, deque()).append(asked)
        if not self._visiting:
            # At the end of this turn of the loop, with all that it brings.
            self._visiting = True
            self._spawn(self._visit())
        return asked.answer

    async def _visit(self) -> None:
        some: list[Asked] = []
        try:
            while some := some + self._next(AT_ONCE - len(some)):
                try:
                    answers: Sequence[Any] = await self._database.read(_run, some)
                except Exception as problem:
                    answers = [problem]
                for asked, answer in zip(some, answers, strict=False):
                    settle(asked.answer, answer)
                some = some[len(answers) :]
        finally:
            self._visiting = False

    def _next(self, most: int) -> list[Asked]:
        """One of each person, so that nobody waits behind all that somebody else asks."""
        some = []
        for person in list(self._waiting)[:most]:
            theirs = self._waiting.pop(person)
            some.append(theirs.popleft())
            if theirs:
                self._waiting[person] = theirs
        return some


def _run(some: Sequence[Asked]) -> list[Any]:
    """The replies to the first of these, or their refusals. Raises only what the very first one fails with."""
    answers: list[Any] = []
    last = time.monotonic() + SECONDS
    for asked in some:
        try:
            answers.append(commands.search(asked.user, asked.request))
        except KlatchError as refused:
            answers.append(refused)
        except Exception:
            # The others' answers stand; this one comes first in the next visit.
            if not answers:
                raise
            break
        if time.monotonic() > last:
            break
    return answers
