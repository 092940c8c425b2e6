"""uvicorn's WebSocket protocol with a shorter way out and in, and an end to what it would hear for ever.

A frame that was made once is written to many as it is: the ASGI extension ``klatch.write``. A plain text frame goes
straight to who listens: ``klatch.listen``. Whatever is not plain is read by the parser of ``websockets``.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, apply_mask  # type: ignore[attr-defined]
from websockets.protocol import Protocol, State

from klatch.server.keepalive import keepalive
from klatch.server.waiting import Gate, Mailbox

PARTS = 256  # of one message
CONTROLS = 500  # pings and pongs between two pings of ours
TEXT, PONG = 0x81, 0x8A  # final frames of these kinds, without extensions
PING = b"\x89\x00"
MASKED = 0x80


class WebSocketProtocol(WebSocketsSansIOProtocol):
    _answer = b""  # to a handshake that is not read here
    _controls = 0
    _hear: Callable[[str], bool] | None = None
    _held = False  # who listens wants no more for now
    _second = -1  # of the keepalive
    _asked = False  # whether our last ping is without any answer
    _parsing = False  # the parser has all that follows

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Gate()  # type: ignore[assignment]
        self._arrived = b""  # frames that have not come whole yet

    def take_over(self, transport: asyncio.Transport, scope: Any, answer: bytes) -> None:
        """Begin with a line whose request is read already; ``answer``: see ``upgrade``."""
        self.connections.add(self)
        self.transport = transport
        self.server, self.client, self.scheme = scope["server"], scope["client"], scope["scheme"]
        self.scope, self.request, self.response = scope, None, None  # type: ignore[assignment]
        self._answer = answer
        self.handshake_initiated = True
        # What follows are frames.
        self.conn.parser = Protocol.parse(self.conn)
        next(self.conn.parser)
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    async def run_asgi(self) -> None:
        # Told before the application begins; without compression a frame is the same bytes for everybody.
        if not self.conn.extensions:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions["klatch.write"] = self.write
            extensions["klatch.listen"] = self.listen
        await super().run_asgi()

    # Out

    async def send(self, message: Any) -> None:
        undecided = not (self.handshake_complete or self.disconnected or self.initial_response)
        if self._answer and undecided and message["type"] == "websocket.accept":
            self._accept(message)
        else:
            await super().send(message)

    def _accept(self, message: MutableMapping[str, Any]) -> None:
        """As uvicorn does it, without taking the answer apart and putting it together again."""
        if self.transport.is_closing():
            return
        fields = [*self.default_headers, *message.get("headers", ())]
        if message.get("subprotocol"):
            fields.append((b"sec-websocket-protocol", message["subprotocol"].encode()))
        self.handshake_complete = True
        self.conn.state = State.OPEN
        lines = b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in fields)
        self.transport.write(b"%b%b\r\n" % (self._answer, lines))
        self._answer = b""
        self.start_keepalive()

    def write(self, frame: bytes) -> bool:
        """Put a whole frame on the line. False where it cannot be taken now: ``send`` then waits, or says why."""
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    # In

    def listen(self, hear: Callable[[str], bool]) -> Callable[[], None]:
        """From now on plain text frames go to ``hear``, unless others wait in the queue: no frame overtakes another.

        When it returns False no more is read until what this returns is called.
        """
        self._hear = hear
        return self._go_on

    def data_received(self, data: bytes) -> None:
        self._asked = False
        if self._second < 0:
            # Before the handshake is answered a part of a frame may have come.
            self._parsing = self.handshake_initiated
            self._parse(data)
        elif self._parsing:
            self._parse(data)
        else:
            self._arrived = self._arrived + data if self._arrived else data
            self._take()

    def _take(self) -> None:
        """All frames that came whole. What is not simple and not whole, or wrong, is the parser's, and all after it."""
        data, start = self._arrived, 0
        while not self._held and len(data) - start >= 2:
            first, size, begin = _head(data, start)
            end = begin + size
            simple = first == TEXT and not self.frames and data[start + 1] & MASKED and size <= self.config.ws_max_size
            if end > len(data) and simple:
                break
            if end > len(data) or size > self.config.ws_max_size:
                self._parsing = True
                end = len(data)
            if simple and self._direct():
                self._hear_text(data[start:end], begin - start)
            elif simple and self._hear is None and not self.transport.is_closing():
                self.frames, self.curr_msg_data_type = [_unmasked(data[start:end], begin - start)], "text"
                self.send_receive_event_to_app()
            elif first == PONG and data[start + 1] & MASKED and size < 126 and not self._parsing:
                self._bearable()
            else:
                self._parse(data[start:end])
            start = end
        self._arrived = data[start:]
        if self._held:
            self.transport.pause_reading()

    def _direct(self) -> bool:
        # What follows a farewell is not heard, also where it came with it.
        return self._hear is not None and self.queue.empty() and not (self.close_sent or self.transport.is_closing())

    def _hear_text(self, frame: bytes, begin: int) -> None:
        try:
            text = _unmasked(frame, begin).decode()
        except UnicodeDecodeError:
            self._parse(frame)  # and refused there
            return
        assert self._hear is not None
        self._held = not self._hear(text)

    def _go_on(self) -> None:
        if self._held:
            self._held = False
            if not self.transport.is_closing():
                self.transport.resume_reading()
                self._take()

    def _parse(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            # A handshake that cannot be read: it would be left without an answer, and the line open.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_cont(self, event: Frame) -> None:
        # Threat: empty parts never reach the size that ends a message, but each is remembered.
        if len(self.frames) < PARTS:
            super().handle_cont(event)
        elif not self.transport.is_closing():
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many parts")
            self.handle_parser_exception()

    def handle_ping(self) -> None:
        if self._bearable():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._bearable():
            super().handle_pong(event)

    # Whether the line is alive

    def start_keepalive(self) -> None:
        # The handshake is over: its headers need not stay as long as the connection.
        del self.request, self.response
        self._second = keepalive(self.loop).add(self)

    def stop_keepalive(self) -> None:
        if self._second >= 0:
            keepalive(self.loop).discard(self, self._second)
            self._second = -1

    def send_keepalive_ping(self) -> None:
        if self._asked:
            self.keepalive_timeout()
        elif not self.close_sent and not self.transport.is_closing():
            self._asked = True
            self._controls = 0
            self.transport.write(PING)

    def _bearable(self) -> bool:
        # Threat: a ping is answered whether the answers are read or not, and no other limit counts it.
        self._controls += 1
        if self._controls > CONTROLS and not self.transport.is_closing():
            self.conn.fail(CloseCode.POLICY_VIOLATION, "too many pings")
            self.handle_parser_exception()
        return self._controls <= CONTROLS

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
        else:
            # Nonsense while the handshake is still being decided: there can be no close frame.
            self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})
            self.transport.close()


def _unmasked(frame: bytes, begin: int) -> bytes:
    return apply_mask(frame[begin:], frame[begin - 4 : begin])


def _head(data: bytes, start: int) -> tuple[int, int, int]:
    """The first byte of a frame, the size of its payload and where that begins (RFC 6455, 5.2).

    A size that has not come yet counts as larger than what has.
    """
    size, begin = data[start + 1] & 0x7F, start + 2
    if size >= 126:
        wide = 2 if size == 126 else 8
        size, begin = int.from_bytes(data[begin : begin + wide]), begin + wide
        if begin > len(data):
            size = len(data)
    if data[start + 1] & MASKED:
        begin += 4
    return data[start], size, begin
