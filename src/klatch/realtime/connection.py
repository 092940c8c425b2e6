"""One client's way out: joins what it was offered in a tick into one frame, bounds what may wait.

Knows bytes, not meaning.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from klatch.errors import Close
from klatch.realtime.chunk import Chunk
from klatch.realtime.stepping import go_on

Send = Callable[[dict[str, Any]], Awaitable[None]]
Write = Callable[[bytes], bool]

NOTHING: deque[tuple[str, int]] = deque(maxlen=0)  # shared: an empty one of each weighs 760 bytes a connection


class Connection:
    """``user``, ``rooms`` and ``login`` are the hub's and the socket's notes on it.

    The transport's own buffer holds up to its high-water mark; after that up to ``limit`` bytes wait here: beyond half
    of it ``on_full`` is told, which keeps events away; beyond all of it the client is cut as slow. Nobody waits for it.
    """

    __slots__ = (
        "_blocked", "_chunks", "_closing", "_limit", "_on_cut", "_send", "_waiting", "_waiting_bytes", "_write",
        "auth_hash", "held", "on_full", "rooms", "session", "token", "unanswered", "unsubscribed", "user", "welcomed",
    )  # fmt: skip

    def __init__(
        self, send: Send, user: int, limit: int, on_cut: Callable[[Close], None], write: Write | None = None
    ) -> None:
        self._send = send
        self._write = write
        self._limit = limit
        self._on_cut = on_cut
        self.on_full: Callable[[], None] = lambda: None
        self._chunks: list[Chunk] = []
        self._waiting: deque[tuple[str, int]] = NOTHING  # its own as soon as something waits
        self._waiting_bytes = 0
        self._blocked: asyncio.Task[None] | None = None
        self._closing = False
        self.user = user
        self.rooms: set[int] = set()
        self.unsubscribed: set[int] = set()
        self.welcomed = False  # its hello is answered
        self.unanswered = 0  # requests that still wait for their answer
        # While a resume reads the log, what comes for its rooms is held here.
        self.held: dict[int, list[Chunk]] = {}
        self.session = ""
        self.auth_hash = ""
        self.token = 0

    @property
    def open(self) -> bool:
        return not self._closing

    @property
    def congested(self) -> bool:
        """Whether the client reads slower than it is sent to: it then gets nothing ephemeral."""
        return self._blocked is not None

    def offer(self, chunk: Chunk) -> bool:
        """Add a chunk to this tick's frame; returns whether it is the first of the tick, which asks for a ``flush``."""
        self._chunks.append(chunk)
        return len(self._chunks) == 1

    def flush(self) -> None:
        """Hand this tick's frame to the transport, or queue it."""
        chunks = self._chunks
        if chunks:
            chunk = chunks[0] if len(chunks) == 1 else Chunk([chunk.text for chunk in chunks])
            chunks.clear()
            self.hand_over(chunk)

    @property
    def offered(self) -> bool:
        """Whether something waits for this tick's ``flush``."""
        return bool(self._chunks)

    def hand_over(self, chunk: Chunk) -> None:
        """Send a chunk as a frame of its own, now: nothing must be ``offered``."""
        if self._closing:
            return
        if self._blocked is not None:
            self._wait(chunk)
        elif self._write is None or not self._write(chunk.line):
            self._transmit(f"[{chunk.text}]")

    def _wait(self, chunk: Chunk) -> None:
        size = len(chunk.text) if chunk.text.isascii() else len(chunk.text.encode())
        total, half = self._waiting_bytes + size, self._limit // 2
        # A single frame may be larger than the bound: what counts is what piles up behind it.
        if self._waiting_bytes > half and total > self._limit:
            self.cut(Close.SLOW)
            return
        if self._waiting and total > half:
            self.on_full()
        if self._waiting is NOTHING:
            self._waiting = deque()
        self._waiting.append((f"[{chunk.text}]", size))
        self._waiting_bytes = total

    async def drained(self, seconds: float) -> bool:
        """Wait until the transport has taken all that waits; False when it takes nothing for so many seconds."""
        while (blocked := self._blocked) is not None:
            first = self._waiting[0] if self._waiting else None
            await asyncio.wait([blocked], timeout=seconds)
            if self._blocked is blocked and (self._waiting[0] if self._waiting else None) is first:
                return False
        return True

    def cut(self, code: Close) -> None:
        """Stop sending, forget what waits, and have the socket closed with ``code``."""
        if self._closing:
            return
        self._closing = True
        self._waiting = NOTHING
        self._waiting_bytes = 0
        self._on_cut(code)

    def _transmit(self, frame: str) -> None:
        # An ASGI ``send`` only waits when the transport is full. Stepping it by hand costs no task while it is not;
        # where it does wait, a task takes it over in the middle.
        sending: Any = self._send({"type": "websocket.send", "text": frame})
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except Exception:
            # The client is gone; its socket's own reading tells the rest.
            self._closing = True
            return
        self._blocked = asyncio.get_running_loop().create_task(self._finish(sending, waits_for))

    async def _finish(self, sending: Coroutine[Any, Any, None], waits_for: Any) -> None:
        try:
            await go_on(sending, waits_for)
            while self._waiting and not self._closing:
                frame, size = self._waiting.popleft()
                self._waiting_bytes -= size
                await self._send({"type": "websocket.send", "text": frame})
        except Exception:
            self._closing = True
        finally:
            self._blocked = None
