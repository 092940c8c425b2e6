"""Lessons of broken transports, against a real server: bytes below HTTP and WebSocket, before anybody is known."""

import asyncio
import http.client
import json
import uuid
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from klatch.client import Client
from klatch.server import http as server_http
from tests.security.wire import CONTINUED, MIB, TEXT, Served, answer, close_code, frame, pour, status

GROWTH = 5.0  # MiB
ODD = [b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e", b"\x85"]
HELLO = b'{"op":"hello","ref":1,"epoch":null,"rooms":{}}'


def _bearer(served: Served, number: int = 0) -> bytes:
    return b"Authorization: Bearer " + served.tokens[number].encode()


@pytest.mark.parametrize("who", ["a stranger", "a member before hello"])
@pytest.mark.parametrize("part", [60_000, 1_000, 0], ids=["large parts", "small parts", "empty parts"])
def test_a_message_that_never_ends_takes_no_memory_and_ends_the_line(served: Served, who: str, part: int) -> None:
    """Lesson 1."""
    given = _bearer(served) if who == "a member before hello" else b"Origin: " + served.address.encode()
    with served.line() as line:
        line.sendall(served.handshake(given))
        head, _, rest = answer(line).partition(b"\r\n\r\n")
        assert status(head) == 101
        before = served.memory()
        line.sendall(frame(TEXT, b"{", final=False))
        piece = frame(CONTINUED, b" " * part, final=False)
        limit = 1024 * MIB if part else 8 * MIB
        assert pour(line, piece * max(1, 100_000 // len(piece)), limit) < limit
        code = close_code(line, rest)
    assert code in ((4501, 0) if who == "a stranger" else (1009, 0))
    assert served.memory() - before < GROWTH
    assert served.lives()


def test_a_single_frame_that_announces_a_gibibyte_is_refused_by_its_length(served: Served) -> None:
    """Lesson 1."""
    with served.line() as line:
        line.sendall(served.handshake(_bearer(served)))
        rest = answer(line).partition(b"\r\n\r\n")[2]
        line.sendall(b"\x81\xff" + (1 << 30).to_bytes(8) + b"\0\0\0\0")
        assert close_code(line, rest) == 1009
    assert served.lives()


@pytest.mark.parametrize("byte", ODD, ids=ascii)
def test_an_odd_byte_in_a_header_makes_no_second_header(served: Served, byte: bytes) -> None:
    """Lesson 2."""
    cookie = b"Cookie: " + served.rosa.cookie.encode()
    origin = b"Origin: " + served.address.encode()
    smuggled: list[tuple[bytes, ...]] = [
        (cookie, b"X-Note: a" + byte + origin),
        (cookie, b"X-Note: a" + byte + b"\r" + byte + origin),
        (origin, b"X-Note: a" + byte + cookie),
        (b"X-Note: a" + byte + _bearer(served),),
    ]
    for headers in smuggled:
        with served.line() as line:
            line.sendall(served.handshake(*headers))
            head, _, rest = answer(line).partition(b"\r\n\r\n")
            assert status(head) in (400, 403) or close_code(line, rest) == 4501, headers
    # The same headers on lines of their own are let in.
    with served.line() as line:
        line.sendall(served.handshake(cookie, b"X-Note: a", origin))
        assert status(answer(line)) == 101
        line.sendall(frame(TEXT, HELLO))
        assert b"welcome" in line.recv(65_536)


@asynccontextmanager
async def _recorder(**more: Any) -> AsyncIterator[tuple[int, list[dict[str, Any]]]]:
    """Our protocols of HTTP and WebSocket around an application that only notes what it was asked."""
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(
        app, port=0, http=server_http.HttpProtocol, ws="websockets-sansio", lifespan="off", log_level="critical", **more
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1], scopes
    server.should_exit = True
    await task


async def _say(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(10):
        got = await reader.read()
    writer.close()
    return got


@pytest.mark.parametrize("byte", ODD, ids=ascii)
async def test_the_application_never_sees_a_header_that_nobody_sent(byte: bytes) -> None:
    """Lesson 2."""
    upgrade = (
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
    )
    async with _recorder() as (port, scopes):
        for more in (b"Connection: close\r\n", upgrade):
            given = b"GET / HTTP/1.1\r\nHost: h\r\nX-Note: a" + byte + b"X-Forwarded-For: 1.2.3.4\r\n" + more + b"\r\n"
            got = await _say(port, given)
            assert status(got) in (200, 400, 403)
    for scope in scopes:
        assert b"x-forwarded-for" not in [name for name, _ in scope["headers"]]


async def test_a_thousand_requests_at_once_get_their_own_answers(served: Served) -> None:
    """Lesson 3."""
    clients = [Client(served.address, token=token) for token in served.tokens]
    for client in clients:
        await client.connect()
    rooms = []
    for client in clients:
        made = await client.request("create", name=f"den of {client.you['id']}", kind="private")
        rooms.append(made["room"]["id"])

    async def on_socket(number: int, turn: int) -> None:
        client, room = clients[number], rooms[number]
        body = f"marker{uuid.uuid4().hex}"
        if turn % 4 == 0:
            ack = await client.request("post", room=room, client_id=str(uuid.uuid4()), body=body)
            assert ack["room"] == room
            page = await client.request("search", q=body, room=None, before=None, limit=50)
            assert [row["message"]["body"] for row in page["results"]] == [body]
        elif turn % 4 == 1:
            page = await client.request("history", room=room)
            assert page["room"] == room
            assert {row["author"]["id"] for row in page["messages"]} <= {client.you["id"]}
        elif turn % 4 == 2:
            page = await client.request("members", room=room)
            assert [row["user"]["id"] for row in page["members"]] == [client.you["id"]]
        else:
            page = await client.request("people", q=client.you["username"])
            assert client.you["id"] in [row["id"] for row in page["people"]]

    def over_http(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", served.server.port, timeout=20)
        head = {"Authorization": f"Bearer {served.tokens[number]}"}
        for turn in range(30):
            path = "/api/v1/me" if turn % 2 else f"/api/v1/rooms/{rooms[number]}/members"
            line.request("GET", path, headers=head)
            reply = json.loads(line.getresponse().read())
            who = reply["you"]["id"] if turn % 2 else reply["members"][0]["user"]["id"]
            assert who == clients[number].you["id"]
        line.close()

    await asyncio.gather(
        *[on_socket(number, turn) for turn in range(70) for number in range(len(clients))],
        *[asyncio.to_thread(over_http, number) for number in range(len(clients))],
    )
    for client in clients:
        await client.close()


def test_nothing_that_is_packed_is_unpacked(served: Served) -> None:
    """Lesson 4."""
    bomb = zlib.compress(b" " * (64 * MIB), 9)
    before = served.memory()
    with served.line() as line:
        line.sendall(served.handshake(_bearer(served), b"Sec-WebSocket-Extensions: permessage-deflate"))
        head, _, rest = answer(line).partition(b"\r\n\r\n")
        assert status(head) == 101
        assert b"extensions" not in head.lower()
        line.sendall(frame(TEXT, bomb[:60_000], compressed=True))
        assert close_code(line, rest) == 1002
    head_of_post = (
        f"POST /api/v1/rooms HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.tokens[0]}\r\n"
        f"Content-Type: application/json\r\nContent-Encoding: deflate\r\nContent-Length: {len(bomb)}\r\n\r\n"
    )
    with served.line() as line:
        line.sendall(head_of_post.encode() + bomb)
        assert status(answer(line)) in (413, 415, 422)
    assert served.memory() - before < GROWTH


HEADS = {
    "many headers": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", b"X-Note: again and again\r\n"),
    "one header without an end": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Note: ", b"again and again"),
    "an address without an end": (b"GET /", b"again-and-again"),
    "trailers without an end": (
        b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
        b"X-Note: again and again\r\n",
    ),
    "nothing but line ends": (b"", b"\r\n"),
}


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_that_never_ends_takes_no_memory_and_ends_the_line(served: Served, kind: str) -> None:
    """Lessons 1 and 8."""
    start, block = HEADS[kind]
    before = served.memory()
    with served.line() as line:
        line.sendall(start)
        assert pour(line, block * (65_536 // len(block)), 64 * MIB) < 64 * MIB
    assert served.memory() - before < GROWTH
    assert served.lives()


def test_ten_thousand_equal_headers_are_answered_or_refused(served: Served) -> None:
    """Lesson 8. What they may cost is a test of the long tier."""
    for header in (b"X-Note: a\r\n", b"Cookie: a=b\r\n", b"Accept-Language: en\r\n"):
        with served.line() as line:
            line.sendall(b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n" + header * 10_000 + b"\r\n")
            assert status(answer(line)) in (200, 400, 431)
    assert served.lives()


@pytest.mark.faults
@pytest.mark.parametrize("header", [b"X-Note: a\r\n", b"Cookie: a=b\r\n", b"Accept-Language: en\r\n"], ids=str)
def test_ten_thousand_equal_headers_cost_no_more_than_their_number(served: Served, header: bytes) -> None:
    """Lesson 8."""
    costs = []
    for _ in range(10):
        before = served.cpu()
        with served.line() as line:
            line.sendall(b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n" + header * 10_000 + b"\r\n")
            answer(line)
        costs.append(served.cpu() - before)
    assert sorted(costs)[5] <= 0.05


async def test_a_head_that_is_not_finished_in_time_ends_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lesson 1: lines are held by those who said who they are."""
    monkeypatch.setattr(server_http, "HEAD_SECONDS", 0.05)
    async with _recorder() as (port, scopes):
        for start in (b"", b"GET / HTTP/1.1\r\nHost: h\r\nX-No"):
            assert await _say(port, start) == b""
        assert scopes == []
        # Who has finished it is not held to the clock, on the same line either.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.1)
        writer.close()


def test_a_handshake_that_cannot_be_read_is_refused_and_its_line_closed(served: Served) -> None:
    """Lesson 1: uvicorn alone leaves it without an answer and the line open."""
    for header in (b"X-Note: " + b"a" * 9_000, b"\r\n".join([b"X-Note: a"] * 200)):
        with served.line() as line:
            line.sendall(served.handshake(_bearer(served), header))
            assert status(answer(line)) == 431


def test_nonsense_before_the_handshake_is_answered_ends_the_line_and_is_no_fault(served: Served) -> None:
    """Lesson 1."""
    written = len(served.server.lines)
    for _ in range(5):
        with served.line() as line:
            line.sendall(served.handshake(_bearer(served)))
            pour(line, b"\xff" * 1_000, 100_000)
            close_code(line)
    assert served.lives()
    assert not any("Traceback" in text for text in served.server.lines[written:])
