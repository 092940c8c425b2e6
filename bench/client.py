"""One connection of the load generator: handshake, first steps, frames, pings. What they mean is its owner's."""

import asyncio
from collections.abc import Callable
from typing import Any

from bench.dialect import Dialect, Steps
from bench.frames import CLOSE, PING, PONG, TEXT, client_frame, handshake, server_header

BUFFER = 4 * 1024 * 1024  # the largest frame that this generator takes
SOURCE_PORTS = 20_000  # connections from one source address; the system has about 28,000 ports for each

Heard = Callable[[bytearray, int, int], None]
Lost = Callable[[Exception], None]

# All clients receive into one buffer: what came is read before anybody receives again. Nothing is copied before it is
# compared, and ten thousand clients cost no memory.
_buffer = bytearray(BUFFER)
_view = memoryview(_buffer)


class Client(asyncio.BufferedProtocol):
    """Speaks WebSocket. `heard` gets each text frame after the first steps, `lost` the end, once."""

    def __init__(self, opening: tuple[bytes, bytes], dialect: Dialect, steps: Steps, heard: Heard, lost: Lost) -> None:
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._opening, self._accept = opening
        self._steps = iter(steps)
        self._beat = dialect.beat
        self._awaited: bytes | None = None
        self._heard, self._lost = heard, lost
        self._transport: Any = None
        self._rest = b""  # the beginning of a frame that is not all there
        self._upgraded = self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._opening)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ConnectionError(f"the server dropped a member: {exc or 'end of stream'}"))

    def get_buffer(self, sizehint: int) -> memoryview:
        rest = len(self._rest)
        if rest:
            _view[:rest] = self._rest
        return _view[rest:]

    def buffer_updated(self, nbytes: int) -> None:
        start, end = 0, len(self._rest) + nbytes
        self._rest = b""
        try:
            if not self._upgraded:
                start = self._upgrade(end)
            if self._upgraded:
                start = self._read(start, end)
            if end - start == BUFFER:
                raise ValueError(f"a frame of more than {BUFFER} bytes")
            if start < end:
                self._rest = bytes(_view[start:end])
        except Exception as error:
            self._end(error)

    def send(self, *payloads: bytes) -> None:
        self._transport.write(b"".join(map(client_frame, payloads)))

    def close(self) -> None:
        """Hang up politely."""
        self._ended = True
        self._transport.write(client_frame((1000).to_bytes(2), CLOSE))
        self._transport.close()

    def abort(self) -> None:
        """Vanish without a word, as a phone in a tunnel does."""
        self._ended = True
        self._transport.abort()

    def _end(self, error: Exception) -> None:
        if not self._ended:
            self._ended = True
            self._lost(error)
        if not self.joined.done():
            self.joined.set_exception(error)
            self.joined.exception()  # whoever waits is told; nobody else need be
        if self._transport is not None:
            self._transport.abort()

    def _upgrade(self, end: int) -> int:
        head_end = _buffer.find(b"\r\n\r\n", 0, end)
        if head_end < 0:
            return 0
        head = bytes(_buffer[:head_end])
        if not head.startswith(b"HTTP/1.1 101 ") or self._accept not in head:
            raise ConnectionError(f"the server refused a WebSocket: {head[:300]!r}")
        self._upgraded = True
        self._step()
        return head_end + 4

    def _step(self) -> None:
        """Say the next of the first steps; after the last the client has joined."""
        self._awaited = None
        for say, awaited in self._steps:
            self.send(say)
            if awaited is not None:
                self._awaited = awaited
                return
        if not self.joined.done():
            self.joined.set_result(None)

    def _read(self, start: int, received: int) -> int:
        while (header := server_header(_buffer, start, received)) is not None:
            opcode, begin, end = header
            if end > received:
                break
            if opcode == TEXT:
                self._take(begin, end)
            elif opcode == PING:
                self._transport.write(client_frame(bytes(_view[begin:end]), PONG))
            elif opcode == CLOSE:
                payload = bytes(_view[begin:end])
                raise ConnectionError(f"the server closed a member: {int.from_bytes(payload[:2])} {payload[2:]!r}")
            elif opcode != PONG:
                raise ValueError(f"a frame with opcode {opcode}")
            start = end
        return start

    def _take(self, begin: int, end: int) -> None:
        if self._beat is not None and end - begin == len(self._beat[0]) and _buffer[begin:end] == self._beat[0]:
            self.send(self._beat[1])
            return
        self._heard(_buffer, begin, end)
        if self._awaited is not None and _buffer.find(self._awaited, begin, end) >= 0:
            self._step()


class LineClient(Client):
    """The same over plain lines: all complete lines that came together count as one frame."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._upgraded = transport, True
        self._step()

    def send(self, *payloads: bytes) -> None:
        self._transport.write(b"".join(payload + b"\r\n" for payload in payloads))

    def close(self) -> None:
        self.abort()

    def _read(self, start: int, received: int) -> int:
        end = _buffer.rfind(b"\n", start, received) + 1
        if end > start:
            self._take(start, end)
        return max(start, end)


async def connect(
    dialect: Dialect, member: int, heard: Heard, lost: Lost, patience: float = 30.0, steps: Steps | None = None
) -> Client:
    """A client that has taken its first steps: those of the dialect, or of a session that goes on."""
    first = dialect.session(member).steps() if steps is None else steps
    host, port, path, headers = dialect.address(member)
    opening = (b"", b"") if dialect.lines else handshake(f"{host}:{port}", path, headers)
    kind = LineClient if dialect.lines else Client
    source = (f"127.0.1.{member // SOURCE_PORTS}", 0) if member >= SOURCE_PORTS else None
    async with asyncio.timeout(patience):
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: kind(opening, dialect, first, heard, lost), host, port, local_addr=source
        )
        try:
            await client.joined
        except BaseException:
            client.abort()
            raise
    return client


async def connect_all(dialect: Dialect, owners: list[tuple[int, Heard, Lost]], at_once: int = 32) -> list[Client]:
    """Everybody, so many at a time. The first failure ends it."""
    clients: list[Any] = [None] * len(owners)
    numbered = iter(enumerate(owners))

    async def caller() -> None:
        for index, (member, heard, lost) in numbered:
            clients[index] = await connect(dialect, member, heard, lost)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(caller())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return clients
