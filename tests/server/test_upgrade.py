"""A plain handshake is read once and answered as `websockets` would; whatever is not plain is left to it."""

import asyncio
import base64
import re
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from klatch.server import upgrade
from klatch.server.http import HttpProtocol
from tests.server.raw import TEXT, frame

KEYS = st.binary(min_size=16, max_size=16).map(lambda key: base64.b64encode(key).decode())
PLAIN = {
    "Host": "chat.example:8000",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
BROWSER = {
    "Connection": "keep-alive, Upgrade",
    "Origin": "https://chat.example",
    "Cookie": "sessionid=abc; klatch_known=d\xe9f",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
}
NOT_PLAIN = {
    "another version": {"Sec-WebSocket-Version": "12"},
    "no key": {"Sec-WebSocket-Key": ""},
    "a short key": {"Sec-WebSocket-Key": "c2hvcnQ="},
    "a key and more": {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==, x"},
    "a key that ends in odd bits": {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZR=="},
    "a list of what the line is for": {"Connection": "Upgrade, x-note"},
    "a protocol": {"Sec-WebSocket-Protocol": "chat"},
    "a body": {"Content-Length": "5"},
    "no body, said": {"Content-Length": "0"},
    "a long line": {"X-Note": "a" * 9_000},
    "many lines": {f"X-Note-{number}": "a" for number in range(200)},
    "a header given twice": {"Origin": "https://chat.example", "ORIGIN": "https://elsewhere.example"},
}


def said(headers: dict[str, str], path: str = "/ws/", start: str = "GET {} HTTP/1.1") -> bytes:
    lines = [start.format(path), *(f"{name}: {value}" for name, value in (PLAIN | headers).items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Line(asyncio.Transport):
    def __init__(self, made: asyncio.Protocol) -> None:
        super().__init__()
        self.made, self.written, self.closed = made, b"", False

    def set_protocol(self, protocol: Any) -> None:
        self.made = protocol

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def told(request: bytes, *, deflate: bool = False, application: Any = None) -> tuple[list[Any], bytes]:
    """What the application saw, scope first, and what was answered; a text follows the handshake."""
    seen: list[Any] = []

    async def curious(scope: Any, receive: Any, send: Any) -> None:
        seen.append({name: value for name, value in scope.items() if name != "extensions"})
        seen.append(await receive())
        await send({"type": "websocket.accept", "headers": [(b"x-more", b"yes")]})
        seen.append(await receive())

    config = uvicorn.Config(
        application or curious,
        ws="klatch.server.websocket:WebSocketProtocol", ws_per_message_deflate=deflate, log_config=None,
    )  # fmt: skip
    config.load()
    line = Line(HttpProtocol(config, ServerState(), {"shared": "with all"}))
    line.made.connection_made(line)
    line.made.data_received(request)  # type: ignore[attr-defined]
    for _ in range(3):
        await asyncio.sleep(0)
    if line.written.startswith(b"HTTP/1.1 101"):
        line.made.data_received(frame(TEXT, b"hello"))  # type: ignore[attr-defined]
        for _ in range(3):
            await asyncio.sleep(0)
    return seen, re.sub(rb"(?i)date: [^\r]*", b"date", line.written)


async def both(request: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, tuple[list[Any], bytes]]:
    """Whether it was answered at once, and what was told then; told the long way it is the same."""
    answers: list[Any] = []
    answer = upgrade.answer

    def noted(*given: Any) -> Any:
        answers.append(answer(*given))
        return answers[-1]

    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "answer", noted)
        short = await told(request)
        patched.setattr(upgrade, "answer", lambda *given: None)
        assert short == await told(request)
    return answers[0] is not None, short


@pytest.mark.parametrize("headers", [{}, BROWSER, {"Upgrade": "WebSocket"}, {"Authorization": "Bearer klatch_a"}])
@pytest.mark.parametrize("path", ["/ws/", "/", "/r%C3%A5um/ws/?a=b&c=%2f?", "/%00%ff"])
async def test_a_plain_handshake_is_answered_at_once(
    headers: dict[str, str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, (seen, written) = await both(said(headers, path), monkeypatch)
    assert at_once
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in written  # the example of RFC 6455
    assert b"x-more: yes" in written
    assert seen[0]["state"] == {"shared": "with all"}
    assert seen[1:] == [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]


@pytest.mark.parametrize("headers", NOT_PLAIN.values(), ids=NOT_PLAIN)
async def test_what_is_not_plain_goes_the_long_way(headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, _ = await both(said(headers), monkeypatch)
    assert not at_once


@pytest.mark.parametrize("start", ["POST {} HTTP/1.1", "GET {} HTTP/1.0", "GET http://chat.example{} HTTP/1.1"])
async def test_another_first_line_goes_the_long_way(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, _ = await both(said({}, start=start), monkeypatch)
    assert not at_once


@pytest.mark.parametrize("refusal", ["websocket.close", "websocket.http.response.start"])
async def test_who_is_refused_is_not_accepted_any_more(refusal: str) -> None:
    """The short way in asks what the long one asks."""
    faults: list[Exception] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": refusal, "status": 403})
        try:
            await send({"type": "websocket.accept"})
        except RuntimeError as fault:
            faults.append(fault)

    _, written = await told(said({}), application=application)
    assert len(faults) == 1
    assert b"101" not in written


async def test_where_compression_is_on_it_is_still_agreed_to() -> None:
    _, written = await told(said(BROWSER), deflate=True)
    assert b"Sec-WebSocket-Extensions: permessage-deflate" in written


@given(KEYS)
def test_every_key_of_sixteen_bytes_is_one(key: str) -> None:
    request = {"method": "GET", "http_version": "1.1"}
    headers = [(name.lower().encode(), value.encode()) for name, value in (PLAIN | {"Sec-WebSocket-Key": key}).items()]
    assert upgrade.answer({**request, "headers": headers}, b"/ws/") is not None
