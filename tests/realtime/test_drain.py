"""Being sent away when a process stops: with the answers one waits for, and spread over time only where that helps."""

import asyncio
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.errors import Close
from klatch.models import Message, Room
from klatch.relay import relay
from klatch.server import drain
from tests.conftest import Server
from tests.realtime.lines import eventually, talking


async def test_who_waits_for_an_answer_gets_it_before_the_farewell_and_nobody_waits_for_them(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[Any] = []
    monkeypatch.setattr(server.node.writer, "take", lambda draft, done: waiting.append(done))
    async with talking(server, anna) as busy, talking(server, joon) as idle:
        await busy.send(op="post", ref=5, room=room.pk, client_id="6f6b0c3e-53f5-4d5e-a1ac-3c3fd1f0ab1e", body="last")
        [connection] = server.node.hub.users[anna.pk]
        await eventually(lambda: connection.unanswered)
        draining = asyncio.create_task(server.node.drain(0))
        assert await idle.closed() == Close.SHUTDOWN
        assert connection.open
        waiting[0](Message(id=8, room=room, seq=7, position=9))
        assert (await busy.until("ack"))["ref"] == 5
        assert await busy.closed() == Close.SHUTDOWN
        await draining


async def test_an_answer_of_the_very_tick_in_which_one_is_sent_away_still_comes(server: Server, anna: User) -> None:
    async with talking(server, anna) as talk:
        [connection] = server.node.hub.users[anna.pk]
        server.node.hub.say(connection, '{"type":"ack","ref":5}')
        await server.node._retire(connection)
        assert (await talk.until("ack"))["ref"] == 5
        assert await talk.closed() == Close.SHUTDOWN


async def test_only_where_others_take_people_in_are_they_sent_away_one_after_the_other(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd: dict[int, Any] = {number: {object()} for number in range(1_000)}
    monkeypatch.setattr(server.node.hub, "users", crowd)
    monkeypatch.setattr(relay(), "alone", True)
    assert drain._seconds(server.node) == 0
    monkeypatch.setattr(relay(), "alone", False)
    assert drain._seconds(server.node) == 2
    crowd |= {number: {object()} for number in range(1_000, 9_000)}
    assert drain._seconds(server.node) == drain.LONGEST
    crowd.clear()
