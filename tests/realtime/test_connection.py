"""One client's way out: one frame a tick, a bound on what waits, and nobody waits for anybody."""

import asyncio
import json
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from klatch.errors import Close
from klatch.realtime.chunk import Chunk
from klatch.realtime.connection import Connection
from klatch.realtime.hub import Hub
from klatch.relay import Envelope


class Line:
    """A transport that takes everything until it is told to get stuck."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.free = asyncio.Event()
        self.free.set()
        self.broken = False
        self.sent = asyncio.Event()
        self.cuts: list[Close] = []
        self.turnstile: asyncio.Semaphore | None = None

    async def send(self, message: dict[str, Any]) -> None:
        await self.free.wait()
        if self.turnstile is not None:
            await self.turnstile.acquire()
        if self.broken:
            raise ConnectionError
        self.frames.append(json.loads(message["text"]))
        self.sent.set()

    async def one_leaves(self) -> None:
        """Through the turnstile: exactly one frame, and the next one is stuck again."""
        assert self.turnstile is not None
        count = len(self.frames)
        self.turnstile.release()
        await self.until(count + 1)

    async def until(self, frames: int) -> None:
        async with asyncio.timeout(5):
            while len(self.frames) < frames:
                self.sent.clear()
                await self.sent.wait()

    def write(self, frame: bytes) -> bool:
        """The way past ASGI: takes whole frames while the line is free."""
        if self.free.is_set():
            self.frames.append(json.loads(body_of(frame)))
        return self.free.is_set()

    def connection(self, user: int = 1, limit: int = 1_000, *, direct: bool = False) -> Connection:
        return Connection(self.send, user, limit, self.cuts.append, self.write if direct else None)


def body_of(frame: bytes) -> bytes:
    """Of exactly one final, unmasked text frame, read by a client's parser and not by ours."""
    reader = StreamReader()
    reader.feed_data(frame)
    reader.feed_eof()
    with pytest.raises(StopIteration) as done:
        next(Frame.parse(reader.read_exact, mask=False, max_size=None))
    found: Frame = done.value.value
    assert (found.opcode, found.fin) == (Opcode.TEXT, True)
    with pytest.raises(StopIteration) as rest:
        next(reader.read_to_eof(1))
    assert rest.value.value == b""
    return bytes(found.data)


def chunk(*values: object) -> Chunk:
    return Chunk([json.dumps(value, ensure_ascii=False) for value in values])


def talk(connection: Connection, *values: object) -> None:
    """Each in a tick of its own."""
    for value in values:
        connection.offer(chunk(value))
        connection.flush()


async def test_all_that_a_tick_offers_is_one_frame() -> None:
    line = Line()
    connection = line.connection()
    firsts = [connection.offer(chunk(1, 2)), connection.offer(chunk(3)), connection.offer(chunk({"four": 4}))]
    connection.flush()
    assert firsts == [True, False, False]
    assert line.frames == [[1, 2, 3, {"four": 4}]]
    connection.flush()
    assert len(line.frames) == 1


async def test_a_send_that_need_not_wait_needs_no_task() -> None:
    line = Line()
    connection = line.connection()
    before = len(asyncio.all_tasks())
    talk(connection, "now")
    assert line.frames == [["now"]]
    assert len(asyncio.all_tasks()) == before
    assert not connection.congested


async def test_a_send_that_waits_is_finished_beside_and_the_order_is_kept() -> None:
    line = Line()
    connection = line.connection()
    line.free.clear()
    talk(connection, "first")
    assert connection.congested
    talk(connection, "second", "third")
    assert line.frames == []
    line.free.set()
    await line.until(3)
    assert line.frames == [["first"], ["second"], ["third"]]
    await asyncio.sleep(0)
    assert not connection.congested
    talk(connection, "fourth")
    assert line.frames[-1] == ["fourth"]
    assert line.cuts == []


async def test_what_is_offered_while_the_queue_empties_comes_after_it() -> None:
    line = Line()
    connection = line.connection(limit=100_000)
    line.free.clear()
    for number in range(50):
        talk(connection, number)
    line.free.set()
    for number in range(50, 100):
        await asyncio.sleep(0)
        talk(connection, number)
    await line.until(100)
    assert line.frames == [[number] for number in range(100)]


async def test_a_stuck_client_is_cut_as_slow_when_its_bytes_are_used_up_and_not_before() -> None:
    line = Line()
    connection = line.connection(limit=100)
    line.free.clear()
    talk(connection, "x")
    talk(connection, "y" * 98)  # with its quotes exactly the limit
    assert (line.cuts, connection.open) == ([], True)
    talk(connection, "z")
    assert (line.cuts, connection.open) == ([Close.SLOW], False)
    assert Close.SLOW.reconnect
    talk(connection, "after")
    line.free.set()
    await asyncio.sleep(0)
    assert line.cuts == [Close.SLOW]
    assert ["after"] not in line.frames


async def test_the_bound_counts_bytes_and_forgets_them_as_they_leave() -> None:
    """A reader of Russian who is always a little behind must not be cut because letters are not bytes."""
    line = Line()
    connection = line.connection(limit=200)
    line.turnstile = asyncio.Semaphore(0)
    talk(connection, "начало", "сначала")
    for number in range(100):
        # One leaves, one comes: never more than two wait, some 60 bytes of at most 200.
        talk(connection, f"сообщение {number:03d}")
        await line.one_leaves()
    assert line.cuts == []


async def test_the_bound_holds_for_small_frames_that_keep_coming() -> None:
    line = Line()
    connection = line.connection(limit=50)
    line.turnstile = asyncio.Semaphore(0)
    talk(connection, 0)
    talk(connection, 1)
    for number in range(200):
        talk(connection, number % 10)
        await line.one_leaves()
    assert line.cuts == []
    for number in range(51):
        talk(connection, number % 10)
    assert line.cuts == [Close.SLOW]


async def test_a_send_that_raises_ends_this_connection_alone() -> None:
    hub = Hub(schedule=lambda call, seconds: None)
    broken, whole = Line(), Line()
    broken.broken = True
    for number, line in enumerate((broken, whole), start=1):
        connection = line.connection(number)
        hub.add(connection)
        hub.attach(connection, 7)
    hub.deliver(Envelope("message.posted", 7, 1, 0, "{}"))
    hub.flush()
    assert whole.frames == [[{}]]
    assert not next(iter(hub.users[1])).open
    assert next(iter(hub.users[2])).open


async def test_a_send_that_raises_after_waiting_ends_the_connection() -> None:
    line = Line()
    connection = line.connection()
    line.free.clear()
    talk(connection, "lost")
    talk(connection, "too")
    line.broken = True
    line.free.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not connection.open
    assert not connection.congested
    talk(connection, "late")
    assert line.frames == []


async def test_a_slow_client_costs_the_others_nothing() -> None:
    hub = Hub(schedule=lambda call, seconds: None)
    slow, quick = Line(), Line()
    slow.free.clear()
    for number, line in enumerate((slow, quick), start=1):
        connection = line.connection(number, limit=300)
        hub.add(connection)
        hub.attach(connection, 7)
    for seq in range(1, 101):
        hub.deliver(Envelope("message.posted", 7, seq, 0, json.dumps({"seq": seq})))
        hub.flush()
        # In the same tick: nobody was waited for.
        assert quick.frames[-1] == [{"seq": seq}]
    assert (slow.cuts, quick.cuts) == ([Close.SLOW], [])


async def test_a_connection_is_cut_once() -> None:
    line = Line()
    connection = line.connection()
    connection.cut(Close.LOGGED_OUT)
    connection.cut(Close.SLOW)
    assert line.cuts == [Close.LOGGED_OUT]


@pytest.mark.parametrize("letters", [0, 1, 121, 122, 123, 65_531, 65_532, 65_533, 70_000])
def test_a_frame_made_once_is_a_websocket_frame_of_any_length(letters: int) -> None:
    """With quotes and brackets: 125, 126, 65,535 and 65,536 bytes are where the header changes."""
    assert json.loads(body_of(chunk("x" * letters).line)) == ["x" * letters]
    assert json.loads(body_of(chunk("я" * letters).line)) == ["я" * letters]


async def test_a_free_line_takes_frames_as_they_are_and_a_full_one_gets_them_in_order() -> None:
    line = Line()
    connection = line.connection(direct=True)
    talk(connection, "straight")
    assert line.frames == [["straight"]]
    line.free.clear()
    talk(connection, "waits", "behind it")
    assert connection.congested
    line.free.set()
    talk(connection, "not past them")
    await line.until(4)
    assert line.frames == [["straight"], ["waits"], ["behind it"], ["not past them"]]
    await asyncio.sleep(0)
    talk(connection, "straight again")
    assert line.frames[-1] == ["straight again"]
    assert line.cuts == []


async def test_a_direct_line_that_was_cut_gets_nothing_more() -> None:
    line = Line()
    connection = line.connection(direct=True)
    connection.offer(chunk("offered before the cut"))
    connection.cut(Close.LOGGED_OUT)
    connection.flush()
    talk(connection, "after it")
    assert line.frames == []


async def test_a_room_alone_in_its_tick_keeps_the_order_of_what_was_said_before() -> None:
    """An answer that was offered first must not be overtaken by the room's chunk."""
    line, hub = Line(), Hub(schedule=lambda call, seconds: None)
    first, second = line.connection(1, direct=True), line.connection(2, direct=True)
    for connection in (first, second):
        hub.attach(connection, 7)
    hub.say(first, '"answer"')
    hub.deliver(Envelope("message.posted", 7, 1, 0, '"event"'))
    hub.flush()
    assert sorted(line.frames) == [["answer", "event"], ["event"]]
