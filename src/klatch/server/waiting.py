"""A mailbox and a gate for one waiting task each: what asyncio has for this weighs four kilobytes a connection.

Only what uvicorn's WebSocket protocol asks of its queue and its event. Belongs to the event loop.
"""

import asyncio
from typing import Any


class Gate:
    """In place of ``asyncio.Event``, open at first."""

    __slots__ = ("_open", "_waiter")

    def __init__(self) -> None:
        self._open = True
        self._waiter: asyncio.Future[None] | None = None

    def is_set(self) -> bool:
        return self._open

    def set(self) -> None:
        self._open = True
        _wake(self._waiter)

    def clear(self) -> None:
        self._open = False

    async def wait(self) -> None:
        while not self._open:
            # Shared, should there be two after all: each looks again when it is woken.
            if self._waiter is None or self._waiter.done():
                self._waiter = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waiter)


class Mailbox:
    """In place of an unbounded ``asyncio.Queue`` with one reader."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        _wake(self._waiter)

    def empty(self) -> bool:
        return not self._items

    async def get(self) -> Any:
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._items.pop(0)


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
