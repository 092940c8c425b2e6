"""Who gets what: the edges of attach and detach within a tick, and what a reader who lags is spared."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from klatch import protocol
from klatch.errors import Close
from klatch.realtime.connection import Connection
from klatch.realtime.hub import LONGEST_REST, Hub
from klatch.relay import Envelope


class Tick:
    """The end of the tick, by hand; and of a rest."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []
        self.resting: list[tuple[Callable[[], None], float]] = []

    def __call__(self, call: Callable[[], None], seconds: float) -> None:
        if seconds:
            self.resting.append((call, seconds))
        else:
            self.asked.append(call)

    def end(self) -> None:
        asked, self.asked = self.asked, []
        for call in asked:
            call()


def no_time() -> float:
    return 0.0


class Reader:
    def __init__(self, user: int) -> None:
        self.frames: list[list[Any]] = []
        self.cuts: list[Close] = []
        self.stuck = asyncio.Event()
        self.stuck.set()
        self.connection = Connection(self._send, user, 10_000, self.cuts.append)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.stuck.wait()
        self.frames.append(json.loads(message["text"]))

    @property
    def heard(self) -> list[Any]:
        return [value for frame in self.frames for value in frame]


def event(seq: int, room: int = 7) -> Envelope:
    return Envelope("message.posted", room, seq, 0, json.dumps(f"{room}#{seq}"))


async def test_a_burst_from_several_rooms_is_one_frame_and_one_flush() -> None:
    tick, reader = Tick(), Reader(1)
    hub = Hub(tick, no_time)
    for room in (7, 8):
        hub.attach(reader.connection, room)
    for envelope in (event(1), event(1, 8), event(2), event(3)):
        hub.deliver(envelope)
    hub.say(reader.connection, '"ack"')
    assert len(tick.asked) == 1
    assert reader.frames == []
    tick.end()
    # Within a room the order is the room's; between rooms there is none.
    (frame,) = reader.frames
    assert sorted(frame) == ["7#1", "7#2", "7#3", "8#1", "ack"]
    assert [value for value in frame if value.startswith("7")] == ["7#1", "7#2", "7#3"]


async def test_an_answer_in_parts_arrives_whole_alone_among_others_and_after_a_wait() -> None:
    tick = Tick()
    hub = Hub(tick, no_time)
    straight: list[bytes] = []
    page = protocol.Encoded((b'{"type":"page",', b'"words":["' + "éé".encode() * 100, b'"]}'))
    wanted = {"type": "page", "ref": 7, "words": ["éé" * 100]}
    reader = Reader(1)
    for write in (None, lambda frame: not straight.append(frame)):
        connection = Connection(reader.connection._send, 1, 10_000, reader.cuts.append, write)
        hub.answer(connection, protocol.reply(page, 7))
        tick.end()
        hub.say(connection, '"before"')
        hub.answer(connection, protocol.reply(page, 7))
        tick.end()
    assert reader.frames == [[wanted], ["before", wanted]]
    # Two bytes of size and the head of RFC 6455 before them: the size is of bytes, not of letters.
    assert [json.loads(frame[4:]) for frame in straight] == reader.frames
    assert [int.from_bytes(frame[2:4]) for frame in straight] == [len(frame) - 4 for frame in straight]
    reader.stuck.clear()
    for text in (protocol.reply(page, 7), protocol.reply(page, None)):
        hub.answer(reader.connection, text)
        tick.end()
    reader.stuck.set()
    assert await reader.connection.drained(5)
    assert reader.frames[2:] == [[wanted], [wanted | {"ref": None}]]


async def test_who_attaches_within_a_tick_gets_only_what_comes_after() -> None:
    tick, early, late = Tick(), Reader(1), Reader(2)
    hub = Hub(tick, no_time)
    hub.attach(early.connection, 7)
    hub.deliver(event(1))
    hub.attach(late.connection, 7)
    hub.deliver(event(2))
    tick.end()
    assert early.heard == ["7#1", "7#2"]
    assert late.heard == ["7#2"]


async def test_who_detaches_within_a_tick_gets_only_what_came_before() -> None:
    tick, stays, goes = Tick(), Reader(1), Reader(2)
    hub = Hub(tick, no_time)
    for reader in (stays, goes):
        hub.attach(reader.connection, 7)
    hub.deliver(event(1))
    assert hub.detach(goes.connection, 7)
    hub.deliver(event(2))
    tick.end()
    assert goes.heard == ["7#1"]
    assert stays.heard == ["7#1", "7#2"]
    assert not hub.detach(stays.connection, 7)
    assert hub.rooms == {}


async def test_what_is_held_is_kept_as_it_came_and_typing_is_not_held() -> None:
    tick, reader = Tick(), Reader(1)
    hub = Hub(tick, no_time)
    reader.connection.held[7] = []
    hub.attach(reader.connection, 7)
    hub.deliver(event(1))
    hub.deliver(event(2))
    hub.whisper(7, '"typing"')
    tick.end()
    assert reader.heard == []
    (chunk,) = reader.connection.held[7]
    assert (chunk.first, chunk.last, chunk.texts) == (1, 2, ['"7#1"', '"7#2"'])


async def test_who_lags_gets_every_event_and_nothing_ephemeral() -> None:
    tick, slow, quick = Tick(), Reader(1), Reader(2)
    hub = Hub(tick, no_time)
    for reader in (slow, quick):
        hub.attach(reader.connection, 7)
    slow.stuck.clear()
    hub.deliver(event(1))
    tick.end()
    hub.whisper(7, '"typing"')
    hub.deliver(event(2))
    tick.end()
    slow.stuck.set()
    for _ in range(4):
        await asyncio.sleep(0)
    assert quick.heard == ["7#1", "7#2", "typing"]
    assert slow.heard == ["7#1", "7#2"]


async def test_a_person_is_told_on_every_connection_and_nobody_else_is() -> None:
    tick, phone, laptop, other = Tick(), Reader(1), Reader(1), Reader(2)
    hub = Hub(tick, no_time)
    firsts = [hub.add(reader.connection) for reader in (phone, laptop, other)]
    assert firsts == [True, False, True]
    hub.tell(1, '"yours"')
    tick.end()
    assert (phone.heard, laptop.heard, other.heard) == (["yours"], ["yours"], [])
    lasts = [hub.discard(reader.connection) for reader in (phone, laptop, other)]
    assert lasts == [False, True, True]
    assert hub.users == {}


async def test_a_discarded_connection_follows_nothing() -> None:
    tick, reader = Tick(), Reader(1)
    hub = Hub(tick, no_time)
    hub.add(reader.connection)
    for room in range(1, 5):
        hub.attach(reader.connection, room)
    hub.discard(reader.connection)
    for room in range(1, 5):
        hub.deliver(event(1, room))
    tick.end()
    assert reader.heard == []
    assert (hub.rooms, reader.connection.rooms) == ({}, set())


async def test_nobody_follows_costs_nothing() -> None:
    tick = Tick()
    hub = Hub(tick, no_time)
    hub.deliver(event(1))
    hub.whisper(7, '"typing"')
    hub.tell(1, '"yours"')
    assert tick.asked == []


async def test_after_a_long_round_the_next_one_rests_and_tells_more() -> None:
    now = 100.0

    class Far(Reader):
        """It takes a tenth of a second to hand it a frame."""

        async def _send(self, message: dict[str, Any]) -> None:
            nonlocal now
            now += 0.1
            await super()._send(message)

    tick, reader = Tick(), Far(1)
    hub = Hub(tick, lambda: now)
    hub.attach(reader.connection, 7)
    hub.deliver(event(1))
    tick.end()
    hub.deliver(event(2))
    tick.end()
    hub.deliver(event(3))
    hub.say(reader.connection, '"ack"')
    tick.end()
    assert reader.frames == [["7#1"]]
    ((end_rest, seconds),) = tick.resting
    assert seconds == pytest.approx(LONGEST_REST)
    end_rest()
    (frame,) = reader.frames[1:]
    assert sorted(frame) == ["7#2", "7#3", "ack"]
    # It may be told sooner, and the rest after this flush is another one.
    hub.deliver(event(4))
    tick.end()
    hub.attach(Reader(2).connection, 7)
    assert reader.frames[2:] == [["7#4"]]
    assert len(tick.resting) == 2


async def test_what_came_long_after_the_last_flush_does_not_rest() -> None:
    now = 100.0
    tick, reader = Tick(), Reader(1)
    hub = Hub(tick, lambda: now)
    hub.attach(reader.connection, 7)
    hub._rested_at = now
    hub.deliver(event(1))
    tick.end()
    assert reader.heard == ["7#1"]


async def test_the_answers_of_a_commit_go_out_with_its_events() -> None:
    """Events come in one turn of the loop, and the answers that it settles in the next one."""
    poster, reader = Reader(1), Reader(2)
    hub, loop = Hub(), asyncio.get_running_loop()
    for one in (poster, reader):
        hub.attach(one.connection, 7)
    stored = loop.create_future()
    stored.add_done_callback(lambda done: hub.say(poster.connection, '"ack"'))
    hub.deliver(event(1))
    stored.set_result(None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert reader.heard == ["7#1"]
    assert sorted(poster.frames[0]) == ["7#1", "ack"]


async def test_who_is_answered_is_served_before_the_others_of_the_room() -> None:
    served: list[int] = []

    class Noted(Reader):
        async def _send(self, message: dict[str, Any]) -> None:
            served.append(self.connection.user)

    tick, readers = Tick(), [Noted(user) for user in range(10)]
    hub = Hub(tick, no_time)
    for reader in readers:
        hub.attach(reader.connection, 7)
    last = list(hub.rooms[7].connections)[-1]
    hub.deliver(event(1))
    hub.say(last, '"ack"')
    tick.end()
    assert served[0] == last.user
    assert sorted(served) == list(range(10))
