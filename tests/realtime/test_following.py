"""Who follows a room: from when on, until when, and again; whatever was lost on the way to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.actions import members, messages
from klatch.errors import Unavailable
from klatch.models import Room
from klatch.relay import Envelope
from tests.conftest import Server, aside, make_room
from tests.realtime.lines import eventually, talking


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    # Nothing here may rest on the periodic looks. Before the server starts: its relay is one of these settings.
    settings.KLATCH = {"RATE_LIMIT": False, "HEAD_CHECK_SECONDS": 60.0}


@asynccontextmanager
async def deaf(server: Server, monkeypatch: pytest.MonkeyPatch, events: int) -> AsyncIterator[None]:
    """So many events reach the process, and are lost in it."""
    lost: list[Envelope] = []
    with monkeypatch.context() as patch:
        patch.setattr(server.node.delivery, "receive", lambda room, envelopes: lost.extend(envelopes))
        yield
        await eventually(lambda: len(lost) == events)


async def test_who_is_added_before_the_hello_is_welcomed_first(server: Server, anna: User, joon: User) -> None:
    other = await aside(make_room, anna)
    async with talking(server, joon, hello=False) as talk:
        await eventually(lambda: joon.pk in server.node.hub.users)
        await aside(members.invite, anna, other.pk, [joon.pk])
        await aside(messages.post, other.pk, anna, "early")
        await eventually(lambda: server.node.delivery._owed == {(other.pk, joon.pk)})
        await talk.send(op="hello", ref=1, rooms={})
        assert (await talk.next())["type"] == "welcome"
        assert (await talk.until("room.added"))["room"]["id"] == other.pk
        await aside(messages.post, other.pk, anna, "late")
        assert (await talk.until("message.posted"))["message"]["body"] == "late"


async def test_a_gap_is_not_filled_with_words_from_after_a_removal(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talking(server, joon) as talk:
        async with deaf(server, monkeypatch, events=3):
            message = await aside(messages.post, room.pk, anna, "word")
            await aside(members.remove, anna, room.pk, joon.pk)
            await aside(messages.edit, anna, message.pk, "secret")
        # Only the number of the post was heard: the removal lies beyond the gap.
        server.node.delivery._feeds[room.pk].heard(message.seq)
        server.node.delivery._refill(room.pk)
        await talk.until("room.removed")
        assert "secret" not in str(await talk.rest())
        assert joon.pk in server.node.hub.users


async def test_who_is_removed_and_brought_back_within_a_gap_is_let_in_again_by_it(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with talking(server, joon) as talk:
        async with deaf(server, monkeypatch, events=2):
            await aside(members.remove, anna, room.pk, joon.pk)
            await aside(members.invite, anna, room.pk, [joon.pk])
        await aside(messages.post, room.pk, anna, "welcome back")
        await talk.until("room.removed")
        assert (await talk.until("room.added"))["room"]["id"] == room.pk
        await aside(messages.post, room.pk, anna, "heard")
        assert (await talk.until("message.posted"))["message"]["body"] == "heard"


async def test_who_came_in_while_they_were_welcomed_is_let_in_by_a_later_look(
    server: Server, anna: User, joon: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await aside(make_room, anna)
    delivery = server.node.delivery
    monkeypatch.setattr("klatch.realtime.delivery.OVERLAP", 0)
    async with talking(server, joon) as talk:
        (connection,) = server.node.hub.users[joon.pk]
        connection.welcomed = False
        await aside(members.invite, anna, other.pk, [joon.pk])
        await delivery.look_at_log()
        assert await talk.rest() == []
        connection.welcomed = True
        await delivery.look_at_log()
        assert (await talk.until("room.added"))["room"]["id"] == other.pk


async def test_who_is_let_in_twice_at_once_is_told_once(
    server: Server, anna: User, joon: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await aside(make_room, anna)
    delivery = server.node.delivery
    async with talking(server, joon) as talk:
        async with deaf(server, monkeypatch, events=1):
            await aside(members.invite, anna, other.pk, [joon.pk])
        (connection,) = server.node.hub.users[joon.pk]
        await asyncio.gather(*[delivery.welcome_to(connection, other.pk) for _ in range(2)])
        assert [frame["type"] for frame in await talk.rest() if "room" in frame].count("room.added") == 1


async def test_who_cannot_be_let_in_while_the_database_is_away_is_let_in_by_a_later_look(
    server: Server, anna: User, joon: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await aside(make_room, anna)
    delivery = server.node.delivery
    monkeypatch.setattr("klatch.realtime.delivery.OVERLAP", 0)

    async def away(*_: Any) -> None:
        raise Unavailable

    async with talking(server, joon) as talk:
        with monkeypatch.context() as broken:
            broken.setattr(server.node.database, "read", away)
            await aside(members.invite, anna, other.pk, [joon.pk])
            await delivery.look_at_log()
            assert await talk.rest() == []
        await delivery.look_at_log()
        assert (await talk.until("room.added"))["room"]["id"] == other.pk


async def test_the_look_at_the_log_begins_where_the_last_one_ended(server: Server, anna: User, room: Room) -> None:
    """Though nobody came or went since: a busy room must not make every look longer than the one before."""
    await aside(messages.post, room.pk, anna, "word")
    await server.node.delivery.look_at_log()
    assert server.node.delivery._log_id == await aside(lambda: room.events.latest("pk").pk)
