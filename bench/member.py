"""One member's WebSocket in the load generator: handshake, frames, pings. What they mean is the ledger's."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from bench.frames import CLOSE, PING, PONG, TEXT, client_frame, server_header
from bench.tally import Ledger, Tally

BUFFER = 4 * 1024 * 1024  # the largest frame that this generator takes


class Member(asyncio.BufferedProtocol):
    """Receives into one buffer of its own, so that nothing is copied before it is compared."""

    def __init__(
        self,
        *,
        opening: bytes,
        accept: bytes,
        greeting: bytes | None,
        ready: bytes | None,
        ledger: Ledger,
        clock: Callable[[], float],
        fail: Callable[[Exception], None],
    ) -> None:
        self.tally = Tally()
        self.last = 0.0  # when the latest message came
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_payload: Callable[[bytes], None] | None = None
        self.on_serials: Callable[[Sequence[int]], None] | None = None
        self._opening, self._accept = opening, accept
        self._greeting, self._ready = greeting, ready
        self._ledger, self._clock, self._fail = ledger, clock, fail
        self._transport: Any = None
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._upgraded = self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._opening)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self._fail(ConnectionError(f"the server dropped a member: {exc or 'end of stream'}"))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        self._end += nbytes
        try:
            if self._upgraded or self._upgrade():
                self._read_frames()
        except Exception as error:
            self._fail(error)

    def send(self, frames: bytes) -> None:
        self._transport.write(frames)

    def close(self) -> None:
        self._closing = True
        self._transport.write(client_frame((1000).to_bytes(2), CLOSE))
        self._transport.close()

    def _upgrade(self) -> bool:
        head_end = self._buffer.find(b"\r\n\r\n", 0, self._end)
        if head_end < 0:
            return False
        head = bytes(self._buffer[:head_end])
        if not head.startswith(b"HTTP/1.1 101 ") or self._accept not in head:
            raise ConnectionError(f"the server refused a WebSocket: {head[:300]!r}")
        self._start = head_end + 4
        self._upgraded = True
        if self._greeting is not None:
            self._transport.write(client_frame(self._greeting))
        if self._ready is None:
            self.joined.set_result(None)
        return True

    def _read_frames(self) -> None:
        start, received = self._start, self._end
        while (header := server_header(self._buffer, start, received)) is not None:
            opcode, begin, end = header
            if end > received:
                break
            self._take(opcode, begin, end)
            start = end
        if start == received:
            start = received = 0
        elif start > BUFFER // 2:
            rest = bytes(self._view[start:received])
            self._view[: len(rest)] = rest
            start, received = 0, len(rest)
        if received == BUFFER:
            raise ValueError(f"a frame of more than {BUFFER} bytes")
        self._start, self._end = start, received

    def _take(self, opcode: int, begin: int, end: int) -> None:
        if opcode == TEXT:
            self._take_text(begin, end)
        elif opcode == PING:
            self._transport.write(client_frame(bytes(self._view[begin:end]), PONG))
        elif opcode == CLOSE:
            payload = bytes(self._view[begin:end])
            raise ConnectionError(f"the server closed a member: {int.from_bytes(payload[:2])} {payload[2:]!r}")
        elif opcode != PONG:
            raise ValueError(f"a frame with opcode {opcode}")

    def _take_text(self, begin: int, end: int) -> None:
        serials = self._ledger.serials(self._buffer, begin, end)
        if serials:
            self.tally.add(serials)
            self.last = self._clock()
            if self.on_serials is not None:
                self.on_serials(serials)
        if self.on_payload is not None:
            self.on_payload(bytes(self._view[begin:end]))
        if self._ready is not None and self._buffer.find(self._ready, begin, end) >= 0:
            self._ready = None
            self.joined.set_result(None)
