"""The pings of all WebSockets of this process: one timer for everybody. Knows nothing of frames.

With a timer each, ten thousand idle connections wake a server five hundred times a second to ask one of them.
"""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

SECONDS = 20  # between two pings of one connection; who has not answered the last one by then is gone


class Beating(Protocol):
    def beat(self) -> None:
        """Called every ``SECONDS``."""


class Heart:
    """Belongs to an event loop. Whoever comes within one second is asked together from then on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._seconds: list[set[Beating]] = [set() for _ in range(SECONDS)]
        self._now = 0
        self._beats = 0  # connections

    def add(self, one: Beating) -> int:
        """Returns what ``discard`` is to be told."""
        if not self._beats:
            self._loop.call_later(1, self._beat)
        self._beats += 1
        self._seconds[self._now].add(one)
        return self._now

    def discard(self, one: Beating, second: int) -> None:
        self._seconds[second].remove(one)
        self._beats -= 1

    def _beat(self) -> None:
        if not self._beats:
            return
        self._loop.call_later(1, self._beat)
        self._now = (self._now + 1) % SECONDS
        for one in list(self._seconds[self._now]):
            one.beat()


_hearts: "WeakKeyDictionary[asyncio.AbstractEventLoop, Heart]" = WeakKeyDictionary()


def heart(loop: asyncio.AbstractEventLoop) -> Heart:
    found = _hearts.get(loop)
    if found is None:
        found = _hearts[loop] = Heart(loop)
    return found
