"""Whoever reads slower than a room is written is not sent away: the log is read to them as fast as they take it."""

import asyncio
import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.actions import members, messages
from klatch.conf import Conf
from klatch.errors import Close
from klatch.models import Room
from klatch.realtime import pacer, resume
from klatch.realtime.connection import Connection
from klatch.relay import relay
from tests.conftest import Server, aside, make_room
from tests.realtime.lines import eventually
from tests.realtime.test_connection import Line

LIMIT = 8_000


class Slow(Line):
    """Somebody's line without a socket around it: what it takes is looked at as it is."""

    def __init__(self, server: Server, user: User) -> None:
        super().__init__()
        self.node = server.node
        self.made = Connection(self.send, user.pk, LIMIT, self.cuts.append)
        self.made.on_full = lambda: self.node.pacer.slow_down(self.made)
        self.node.connect(self.made, self.node.heard)

    def follow(self, *rooms: Room) -> None:
        for room in rooms:
            self.node.delivery.attach(self.made, room.pk, hold=True)
            self.node.delivery.release(self.made, room.pk, room.seq)

    @property
    def behind(self) -> bool:
        return any(isinstance(held, pacer.Missed) for held in self.made.held.values())

    def of(self, room: Room) -> list[dict[str, Any]]:
        return [each for frame in self.frames for each in frame if each.get("room") == room.pk]

    def numbers(self, room: Room) -> list[int]:
        return [each["seq"] for each in self.of(room) if "seq" in each]


@pytest.fixture
def slow(server: Server, joon: User, monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr(resume, "PAGE", 5)
    return Slow(server, joon)


def say(room: Room, author: User, count: int, body: str = "many words " * 10) -> int:
    for _ in range(count):
        message = messages.post(room.pk, author, body)
    return message.seq


async def until_behind(slow: Slow, room: Room, author: User) -> int:
    """Nothing leaves the line any more, and the room is written until the connection falls behind; the last number."""
    slow.free.clear()
    last = 0
    while not slow.behind:
        last = await aside(say, room, author, 1)
        await eventually(lambda last=last: slow.node.delivery.given(room.pk) >= last)
    return last


async def test_who_fell_behind_gets_every_event_once_and_in_order(slow: Slow, anna: User, room: Room) -> None:
    slow.follow(room)
    await until_behind(slow, room, anna)
    waits = slow.made._waiting_bytes
    last = await aside(say, room, anna, 40)
    await eventually(lambda: slow.node.delivery.given(room.pk) == last)
    assert slow.made._waiting_bytes == waits
    slow.free.set()
    await eventually(lambda: slow.numbers(room)[-1:] == [last])
    after = await aside(say, room, anna, 3)
    await eventually(lambda: slow.numbers(room)[-1:] == [after])
    assert slow.numbers(room) == list(range(room.seq + 1, after + 1))
    assert not slow.cuts


async def test_what_waits_for_the_next_round_when_somebody_falls_behind_is_read_from_the_log(
    slow: Slow, anna: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.follow(room)
    rounds: list[Any] = []
    hub = slow.node.hub
    with monkeypatch.context() as resting:
        resting.setattr(hub, "_schedule", lambda call, seconds: rounds.append(call))
        last = await aside(say, room, anna, 2)
        await eventually(lambda: len(hub.rooms[room.pk].texts) == 2)
        slow.node.pacer.slow_down(slow.made)
    for round_ in rounds:
        round_()
    await eventually(lambda: slow.numbers(room) == [last - 1, last])


async def test_the_next_page_waits_until_the_one_before_has_been_taken(
    slow: Slow, anna: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    page = resume.read_page

    def noted(user: Any, room_id: int, known: int) -> resume.Page:
        read.append(known)
        return page(user, room_id, known)

    monkeypatch.setattr(resume, "read_page", noted)
    slow.follow(room)
    await until_behind(slow, room, anna)
    await aside(say, room, anna, 40)
    slow.turnstile = asyncio.Semaphore(0)
    slow.free.set()
    while not read:
        await slow.one_leaves()
    # The first page went to the transport; the second is stuck behind it, and no third is read.
    before = len(read)
    for _ in range(5):
        await slow.one_leaves()
        await asyncio.sleep(0)
        assert len(read) <= before + 2
        before = len(read)
    slow.turnstile = None


async def test_who_is_further_behind_than_a_resume_allows_is_reset(
    slow: Slow, anna: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "conf", lambda: Conf(resume_events=20))
    slow.follow(room)
    said = await until_behind(slow, room, anna) - room.seq
    last = await aside(say, room, anna, 30)
    slow.free.set()
    await eventually(lambda: slow.frames and slow.frames[-1][-1]["type"] == "reset")
    added, reset = slow.frames[-1]
    assert (added["type"], added["room"]["seq"], added["room"]["count"]) == ("room.added", last, room.count + said + 30)
    assert reset == {"type": "reset", "room": room.pk, "seq": last}
    after = await aside(say, room, anna, 1)
    await eventually(lambda: slow.numbers(room)[-1:] == [after])
    assert slow.numbers(room)[-2:] == [last, last + 1]


async def test_a_loud_room_does_not_keep_a_quiet_one_waiting(slow: Slow, anna: User, joon: User, room: Room) -> None:
    quiet = await aside(make_room, anna, joon)
    slow.follow(room, quiet)
    await until_behind(slow, room, anna)
    loud = await aside(say, room, anna, 40)
    last = await aside(say, quiet, anna, 1)
    slow.free.set()
    await eventually(lambda: slow.numbers(quiet) == [last])
    came = next(number for number, frame in enumerate(slow.frames) if frame[0].get("room") == quiet.pk)
    await eventually(lambda: slow.numbers(room)[-1:] == [loud])
    assert len(slow.frames) > came + 4


async def test_who_is_removed_while_behind_gets_nothing_that_came_after(
    slow: Slow, anna: User, joon: User, room: Room
) -> None:
    slow.follow(room)
    await until_behind(slow, room, anna)
    await aside(say, room, anna, 5)
    await aside(members.remove, anna, room.pk, joon.pk)
    await aside(say, room, anna, 5, "not for joon")
    slow.free.set()
    await eventually(lambda: slow.of(room) and slow.of(room)[-1]["type"] == "room.removed")
    assert "not for joon" not in json.dumps(slow.frames)
    assert "member.left" not in json.dumps(slow.frames)
    assert not slow.made.held


async def test_a_removal_that_nobody_told_of_is_found_by_the_page(
    slow: Slow, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.follow(room)
    await until_behind(slow, room, anna)
    with monkeypatch.context() as silence:
        silence.setattr(relay(), "publish", lambda envelopes: None)
        await aside(members.remove, anna, room.pk, joon.pk)
        await aside(say, room, anna, 5, "not for joon")
    slow.free.set()
    await eventually(lambda: slow.of(room) and slow.of(room)[-1]["type"] == "room.removed")
    assert "not for joon" not in json.dumps(slow.frames)


async def test_who_takes_nothing_at_all_is_cut_and_who_takes_something_is_not(
    slow: Slow, anna: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacer, "STUCK_SECONDS", 0.3)
    slow.follow(room)
    await until_behind(slow, room, anna)
    slow.turnstile = asyncio.Semaphore(0)
    slow.free.set()
    for _ in range(5):
        await asyncio.sleep(0.1)
        await slow.one_leaves()
    assert not slow.cuts
    await eventually(lambda: slow.cuts == [Close.SLOW])


async def test_answers_that_pile_up_still_cut(slow: Slow, anna: User, room: Room) -> None:
    slow.follow(room)
    await until_behind(slow, room, anna)
    while not slow.cuts:
        slow.node.hub.say(slow.made, json.dumps({"type": "history", "x": "x" * 200}))
        slow.node.hub.flush()
        assert slow.made._waiting_bytes <= LIMIT
    assert slow.cuts == [Close.SLOW]
