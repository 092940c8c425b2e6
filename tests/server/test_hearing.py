"""However bytes are cut, and whichever way a frame takes: texts arrive whole, once and in order. And dead lines end."""

import asyncio
import struct
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from klatch.server import keepalive
from klatch.server.websocket import WebSocketProtocol
from tests.server.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, request

WORDS = st.text(max_size=200)
LONG = st.integers(100, 70_000).map(lambda size: "long " * (size // 5))
MESSAGES = st.one_of(
    WORDS.map(lambda text: (text, frame(TEXT, text.encode()))),
    LONG.map(lambda text: (text, frame(TEXT, text.encode()))),
    WORDS.map(lambda text: (text, parts(text))),
    WORDS.map(lambda text: (f"binary {text}", frame(BINARY, text.encode()))),
    st.sampled_from([PING, PONG]).map(lambda kind: (None, frame(kind, b"!"))),
)


def parts(text: str) -> bytes:
    body = text.encode()
    middle = len(body) // 2
    return b"".join([
        frame(TEXT, body[:middle], fin=False), frame(PING), frame(CONTINUATION, body[middle:]),
    ])  # fmt: skip


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - there is no event for all that this waits for
            await asyncio.sleep(0)


class Line(asyncio.Transport):
    """The server's end of a line that ends here. What was read while reading was paused is a fault."""

    def __init__(self, made: WebSocketProtocol) -> None:
        super().__init__()
        self.made, self.written, self.paused, self.closed = made, b"", False, False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    async def bring(self, data: bytes) -> None:
        await until(lambda: self.closed or not self.paused)
        if not self.closed:
            self.made.data_received(data)


class Program:
    """An ASGI application that listens, wants a pause after every third text, and takes the rest from ``receive``."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.straight = 0
        self.accepted = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.resume: Callable[[], None] = scope["extensions"]["klatch.listen"](self._hear)
        self.accepted.set()
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            self.heard.append(text if text is not None else f"binary {message['bytes'].decode()}")

    def _hear(self, text: str) -> bool:
        self.heard.append(text)
        self.straight += 1
        if self.straight % 3:
            return True
        asyncio.get_running_loop().call_soon(self.resume)
        return False


async def opened() -> tuple[Line, Program]:
    program = Program()
    config = uvicorn.Config(program, log_config=None, ws_max_size=65_536, ws_per_message_deflate=False)
    made = WebSocketProtocol(config, ServerState(), {})
    line = Line(made)
    made.connection_made(line)
    made.data_received(request("http://localhost/"))
    await program.accepted.wait()
    return line, program


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    start = 0
    for place in [*sorted({place % (len(data) + 1) for place in places}), len(data)]:
        if place > start:
            yield data[start:place]
            start = place


@given(st.lists(MESSAGES, max_size=12), st.lists(st.integers(0, 2**20), max_size=30))
def test_texts_arrive_whole_once_and_in_order(messages: list[tuple[str | None, bytes]], places: list[int]) -> None:
    sent = [text for text, _ in messages if text is not None]
    kept = [text for text in sent if len(text) <= 65_536]
    too_large = len(kept) < len(sent)
    if too_large:
        kept = kept[: next(index for index, text in enumerate(sent) if len(text) > 65_536)]

    async def arrive() -> tuple[list[str], bool]:
        line, program = await opened()
        for data in cut(b"".join(data for _, data in messages), places):
            await line.bring(data)
        await until(lambda: line.closed or not (line.paused or line.made._arrived))
        await until(line.made.queue.empty)
        await asyncio.sleep(0)
        closed = line.closed
        line.made.connection_lost(None)
        return program.heard, closed

    assert asyncio.run(arrive()) == (kept, too_large)


async def test_plain_texts_take_the_short_way_and_others_do_not() -> None:
    line, program = await opened()
    await line.bring(frame(TEXT, b"one") + frame(TEXT, b"two"))
    assert (program.heard, program.straight) == (["one", "two"], 2)
    await line.bring(parts("three") + frame(TEXT, b"four"))
    assert program.straight == 2
    await until(lambda: len(program.heard) == 4)
    assert program.heard == ["one", "two", "three", "four"]
    line.made.connection_lost(None)


async def test_what_is_not_utf_8_ends_the_line() -> None:
    line, program = await opened()
    await line.bring(frame(TEXT, b"\xff\xfe"))
    assert line.closed
    assert line.written.endswith(struct.pack("!BBH", 0x88, 2, 1007))
    assert program.heard == []
    line.made.connection_lost(None)


async def test_what_came_along_after_a_farewell_is_not_heard() -> None:
    line, program = await opened()
    await line.bring(frame(TEXT, b"one") + frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, b"two"))
    await until(line.made.queue.empty)
    await asyncio.sleep(0)
    assert line.closed
    assert program.heard == ["one"]
    line.made.connection_lost(None)


async def test_a_frame_before_the_handshake_is_answered_is_not_taken_for_two() -> None:
    program = Program()
    config = uvicorn.Config(program, log_config=None, ws_max_size=65_536, ws_per_message_deflate=False)
    made = WebSocketProtocol(config, ServerState(), {})
    line = Line(made)
    made.connection_made(line)
    early = frame(TEXT, b"hasty")
    made.data_received(request("http://localhost/"))
    made.data_received(early[:4])
    await program.accepted.wait()
    await line.bring(early[4:] + frame(TEXT, b"then"))
    await until(lambda: len(program.heard) == 2)
    assert program.heard == ["hasty", "then"]
    made.connection_lost(None)


async def test_everybody_of_a_second_is_asked_together_and_who_does_not_answer_is_let_go() -> None:
    answering, silent = (await opened())[0], (await opened())[0]
    pings = keepalive.keepalive(asyncio.get_running_loop())
    for line in (answering, silent):
        line.written = b""
    for _ in range(keepalive.SECONDS):
        assert answering.written == silent.written == b""
        pings._tick()
    assert answering.written == silent.written == b"\x89\x00"
    await answering.bring(frame(PONG))
    for _ in range(keepalive.SECONDS):
        pings._tick()
    assert silent.closed
    assert not answering.closed
    assert answering.written == b"\x89\x00" * 2
    for line in (answering, silent):
        line.made.connection_lost(None)
    assert pings._connections == 0
