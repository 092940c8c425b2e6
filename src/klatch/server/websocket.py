"""uvicorn's WebSocket protocol with one more way out, and an end to what it would hear for ever.

A frame that was made once is written to many as it is: the ASGI extension ``klatch.write``.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from klatch.server.waiting import Gate, Mailbox

PARTS = 256  # of one message
CONTROLS = 500  # pings and pongs between two pings of ours, which are twenty seconds apart


class WebSocketProtocol(WebSocketsSansIOProtocol):
    _controls = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Gate()  # type: ignore[assignment]

    async def run_asgi(self) -> None:
        # Told before the application begins; without compression a frame is the same bytes for everybody.
        if not self.conn.extensions:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions["klatch.write"] = self.write
        await super().run_asgi()

    def start_keepalive(self) -> None:
        # The handshake is over: its headers need not stay as long as the connection.
        del self.request, self.response
        super().start_keepalive()

    def write(self, frame: bytes) -> bool:
        """Put a whole frame on the line. False where it cannot be taken now: ``send`` then waits, or says why."""
        if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    def data_received(self, data: bytes) -> None:
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

    def send_keepalive_ping(self) -> None:
        self._controls = 0
        super().send_keepalive_ping()

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
