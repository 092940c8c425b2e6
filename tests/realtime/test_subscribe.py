"""Following a room again on the same line: what was missed meanwhile, and only for who belongs to it."""

import asyncio
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch import queries
from klatch.actions import messages, rooms
from klatch.models import Room
from klatch.realtime import resume
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import talking
from tests.realtime.saying import bodies, head, say, seqs


async def test_subscribing_again_brings_what_was_missed_meanwhile(
    server: Server, anna: User, joon: User, room: Room
) -> None:
    async with talking(server, joon) as talk:
        known = await head(room)
        assert (await talk.ask(op="unsubscribe", ref=1, room=room.pk))["type"] == "ack"
        await say(room, anna, "one", "two")
        assert bodies(await talk.rest()) == []
        reply = await talk.ask(op="subscribe", ref=2, room=room.pk, seq=known)
        assert (reply["type"], reply["seq"]) == ("subscribed", known + 2)
        assert bodies([await talk.next(), await talk.next()]) == ["one", "two"]
        await say(room, anna, "three")
        assert bodies([await talk.until("message.posted")]) == ["three"]


async def test_a_room_that_cannot_be_caught_up_with_begins_anew_as_it_is_now(
    server: Server, anna: User, joon: User, room: Room
) -> None:
    async with talking(server, joon) as talk:
        known = await head(room)
        await talk.ask(op="unsubscribe", ref=1, room=room.pk)
        await aside(rooms.change_room, anna, room.pk, name="Another name")
        await say(room, anna, "unheard")
        await talk.send(op="subscribe", ref=2, room=room.pk, seq=known + 9)
        subscribed, added, reset = await talk.next(), await talk.next(), await talk.next()
        assert subscribed == {"type": "subscribed", "ref": 2, "room": room.pk, "seq": known + 2}
        assert (added["type"], added["room"]["name"], added["room"]["seq"]) == ("room.added", "Another name", known + 2)
        assert reset == {"type": "reset", "room": room.pk, "seq": known + 2}
        await say(room, anna, "heard")
        assert bodies([await talk.until("message.posted")]) == ["heard"]


async def test_a_room_left_aside_stays_so_when_the_log_is_looked_at(
    server: Server, anna: User, joon: User, room: Room
) -> None:
    async with talking(server, joon) as talk:
        await talk.ask(op="unsubscribe", ref=1, room=room.pk)
        await server.node.delivery.look_at_log()
        await say(room, anna, "unheard")
        assert bodies(await talk.rest()) == []


async def test_two_subscriptions_at_once_leave_no_gap(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await head(room)
    catch_up, calls = resume.catch_up, iter(range(9))

    def slow(*args: Any) -> Any:
        found = catch_up(*args)
        if next(calls) == 0:
            messages.post(room.pk, anna, "in between")
        return found

    async with talking(server, joon) as talk:
        monkeypatch.setattr(resume, "catch_up", slow)
        for ref in (1, 2):
            await talk.send(op="subscribe", ref=ref, room=room.pk, seq=known)
        frames: list[dict[str, Any]] = []
        while sum(frame["type"] == "subscribed" for frame in frames) < 2:
            frames.append(await talk.next())
        await say(room, anna, "live")
        while bodies(frames)[-1:] != ["live"]:
            frames.append(await talk.next())
        seen = known
        for number in seqs(frames, room):
            assert number <= seen + 1
            seen = max(seen, number)
        assert seen == known + 2


async def test_asking_for_a_room_of_others_shows_nobody_there_and_lets_nobody_type(
    server: Server, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = await aside(make_user)
    private = await aside(make_room, anna, kind="private")
    membership, asked, go = queries.membership, asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(user: Any, room_id: int) -> Any:
        if user.pk == stranger.pk:
            loop.call_soon_threadsafe(asked.set)
            assert go.wait(10)
        return membership(user, room_id)

    async with talking(server, anna) as owner, talking(server, stranger) as talk:
        server.node.announcer.tick(0)
        await owner.rest()
        monkeypatch.setattr(queries, "membership", slow)
        await talk.send(op="subscribe", ref=1, room=private.pk, seq=0)
        await asked.wait()
        error = await talk.ask(op="typing", ref=2, room=private.pk)
        assert error["code"] == "not_found"
        server.node.announcer.tick(0)
        go.set()
        assert (await talk.until("error", ref=1))["code"] == "not_found"
        server.node.announcer.tick(0)
        assert await owner.rest() == []
