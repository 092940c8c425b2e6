"""How much one person may ask for, and how many lines they may hold."""

import asyncio
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch import limits, log
from klatch.actions import messages
from klatch.conf import conf
from klatch.errors import Close, RateLimited
from klatch.models import Room
from klatch.realtime import resume
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import eventually, talking


async def test_too_many_requests_are_told_when_to_come_back(server: Server, anna: User, settings: Any) -> None:
    settings.KLATCH = {"REQUESTS_BURST": 3, "REQUESTS_PER_SECOND": 20.0}
    async with talking(server, anna) as talk:
        answers = [await talk.ask(op="ping", ref=number) for number in range(1, 9)]
        refused = [answer for answer in answers if answer["type"] == "error"]
        assert refused
        assert {answer["code"] for answer in refused} == {"rate_limited"}
        assert all(0 < answer["retry_after"] <= 0.05 for answer in refused)
        await asyncio.sleep(refused[-1]["retry_after"])
        assert (await talk.ask(op="ping", ref=9))["type"] == "pong"


async def test_too_many_sockets_of_one_person_are_refused_and_those_gone_do_not_count(
    server: Server, anna: User, settings: Any
) -> None:
    settings.KLATCH = {"SOCKETS_PER_USER": 2}
    joon = await aside(make_user)
    async with talking(server, anna), talking(server, anna):
        async with talking(server, anna, hello=False) as third:
            assert await third.closed() == Close.TOO_MANY_SOCKETS
        async with talking(server, joon):
            pass
    await nobody_left(server, anna)
    async with talking(server, anna), talking(server, anna):
        pass


async def test_a_line_that_drops_before_its_hello_leaves_nothing_behind(server: Server, anna: User) -> None:
    for _ in range(3):
        async with talking(server, anna, hello=False):
            pass
    await nobody_left(server, anna)


async def nobody_left(server: Server, user: User) -> None:
    await eventually(lambda: user.pk not in server.node.hub.users)


async def test_a_resume_gathers_only_so_much_and_resets_the_rooms_beyond(
    server: Server, anna: User, settings: Any
) -> None:
    """Long messages in many rooms: each room alone is allowed, all together are more than a connection may hold."""

    def make() -> list[Room]:
        made = [make_room(anna) for _ in range(4)]
        for room in made:
            messages.post(room, anna, "word " * 800)
        return made

    rooms = await aside(make)
    # Each is told with its words and their HTML: a little over 8,000 characters.
    settings.KLATCH = {"OUTBOX_BYTES": 20_000}
    snapshot = await aside(
        lambda: resume.read([resume.Hello(anna, log.epoch(), {room.pk: room.seq for room in rooms})])[0]
    )
    caught = [snapshot.caught[room.pk] for room in rooms]
    assert sorted(found.reset for found in caught) == [False, False, True, True]
    assert all(bool(found.events) != found.reset for found in caught)


async def test_opening_sockets_too_often_is_told_to_wait_and_hinders_nobody_else(
    server: Server, anna: User, settings: Any
) -> None:
    settings.KLATCH = {"SOCKETS_PER_MINUTE": 3}
    joon = await aside(make_user)
    for _ in range(3):
        async with talking(server, anna):
            pass
    async with talking(server, anna, hello=False) as fourth:
        assert await fourth.closed() == Close.TOO_OFTEN
    assert Close.TOO_OFTEN.reconnect
    async with talking(server, joon):
        pass
    settings.KLATCH = {"SOCKETS_PER_MINUTE": 3, "RATE_LIMIT": False}
    async with talking(server, anna):
        pass


def test_all_tabs_of_one_person_may_come_back_at_once_several_times(anna: User) -> None:
    for _ in range(5 * conf().sockets_per_user):
        limits.check_socket(anna.pk)
    limits.charge([("socket", anna.pk, 100)])
    with pytest.raises(RateLimited):
        limits.check_socket(anna.pk)
