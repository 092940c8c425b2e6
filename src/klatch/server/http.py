"""uvicorn's HTTP protocol with bounds on a request's head and its body: how large they may be, how long they may take.

Threat: without them anybody fills the memory or the disk with what never ends, or holds lines open by sending nothing.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from klatch.server import upgrade
from klatch.server.websocket import WebSocketProtocol

HEAD_BYTES = 65_536  # or one reading of the line more
HEAD_SECONDS = 10.0
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
BODY_BYTES = 4 * 2**20  # Django takes 2.5 MiB at most, but puts all of a body into a file before it says so
BODY_SECONDS = 30.0


class HttpProtocol(HttpToolsProtocol):
    _fruitless = 0  # bytes since there was last a body or a new request: head, trailers, extensions of chunks
    _body = 0  # bytes of this request's
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._fruitless += len(data)
        super().data_received(data)
        if self._fruitless > HEAD_BYTES:
            self.transport.write(TOO_LARGE)
            self.transport.close()
        elif self._body > BODY_BYTES:
            self.transport.close()

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        self._fruitless = self._body = 0
        self._wait(HEAD_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._all_is_here()
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._fruitless = 0
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._all_is_here()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        # It has deadlines of its own.
        self._all_is_here()
        answer = None
        if issubclass(self.ws_protocol_class or object, WebSocketProtocol) and not self.config.ws_per_message_deflate:
            answer = upgrade.answer(self.scope, self.url)
        if answer is None:
            super().handle_websocket_upgrade()
        else:
            self._hand_over(answer)
        # It and we know one another: neither would be let go of.
        self.parser = None  # type: ignore[assignment]

    def _hand_over(self, answer: bytes) -> None:
        self.connections.discard(self)
        protocol = WebSocketProtocol(self.config, self.server_state, self.app_state)
        protocol.take_over(self.transport, upgrade.scope(self.scope, self.url), answer)
        self.transport.set_protocol(protocol)

    def _wait(self, seconds: float) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _all_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
