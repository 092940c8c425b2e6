"""The pings of all WebSockets of this process: one timer for everybody. Knows nothing of frames.

With a timer each, ten thousand idle connections wake a server five hundred times a second to ask one of them.
"""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

SECONDS = 20  # between two pings of one connection; who has not answered the last one by then is gone


class Pinged(Protocol):
    def send_keepalive_ping(self) -> None:
        """Called every ``SECONDS``."""


class Keepalive:
    """Belongs to an event loop. Whoever comes within one second is asked together from then on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._seconds: list[set[Pinged]] = [set() for _ in range(SECONDS)]
        self._now = 0
        self._connections = 0

    def add(self, one: Pinged) -> int:
        """Returns what ``discard`` is to be told."""
        if not self._connections:
            self._loop.call_later(1, self._tick)
        self._connections += 1
        self._seconds[self._now].add(one)
        return self._now

    def discard(self, one: Pinged, second: int) -> None:
        self._seconds[second].remove(one)
        self._connections -= 1

    def _tick(self) -> None:
        if not self._connections:
            return
        self._loop.call_later(1, self._tick)
        self._now = (self._now + 1) % SECONDS
        for one in list(self._seconds[self._now]):
            one.send_keepalive_ping()


_of_loops: "WeakKeyDictionary[asyncio.AbstractEventLoop, Keepalive]" = WeakKeyDictionary()


def keepalive(loop: asyncio.AbstractEventLoop) -> Keepalive:
    found = _of_loops.get(loop)
    if found is None:
        found = _of_loops[loop] = Keepalive(loop)
    return found
