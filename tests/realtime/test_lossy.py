"""Over a relay that loses, repeats, delays and reorders, everybody still sees the same, once and in order."""

import asyncio
import random
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.client import RequestError
from klatch.models import Event, Room
from klatch.relay import relay
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.model import Talker, fresh, settled
from tests.relay.lossy import LossyRelay

CARELESS = {"RELAY": "tests.relay.lossy.LossyRelay", "HEAD_CHECK_SECONDS": 0.1, "RATE_LIMIT": False}


@pytest.fixture
def careless(settings: Any) -> None:
    """Asked for before ``server``."""
    settings.KLATCH = CARELESS


def the_relay() -> LossyRelay:
    made = relay()
    assert isinstance(made, LossyRelay)
    return made


def make_people(count: int) -> list[User]:
    return [make_user() for _ in range(count)]


def log_of(room: Room) -> list[tuple[int, str]]:
    return list(Event.objects.filter(room=room).order_by("seq").values_list("seq", "kind"))


async def chatter(talker: Talker, room: Room, chance: random.Random) -> None:
    """Some posts, edits, deletions and reactions, one after the other."""
    mine: list[int] = []
    for number in range(14):
        what = chance.choice(("post", "post", "edit", "delete", "react"))
        if what == "post" or not mine:
            ack = await talker.client.post(room.pk, f"{talker.user} says {number}")
            mine.append(ack["id"])
            continue
        message = chance.choice(mine)
        try:
            if what == "edit":
                await talker.ask("edit", message=message, body=f"{talker.user} means {number}")
            elif what == "delete":
                await talker.ask("delete", message=message)
            else:
                await talker.ask("react", message=message, emoji="🎉", on=chance.random() < 0.7)
        except RequestError as refused:
            # A deleted message takes nothing more.
            if refused.code != "forbidden":
                raise


async def test_everybody_has_the_same_events_and_the_same_state(careless: None, server: Server) -> None:
    people = await aside(make_people, 4)
    room = await aside(make_room, *people)
    first = room.seq
    talkers = [await Talker.join(server, person) for person in people]
    await asyncio.gather(*[chatter(talker, room, random.Random(number)) for number, talker in enumerate(talkers)])
    await settled(*talkers)
    expected = [entry for entry in await aside(log_of, room) if entry[0] > first]
    assert len(expected) > 30
    for talker in talkers:
        assert [(frame["seq"], frame["type"]) for frame in talker.heard[room.pk]] == expected
        assert talker.state() == await fresh(server, talker.user)
    assert the_relay().lost > 5


async def test_a_lost_last_message_is_found_though_nothing_follows_it(careless: None, server: Server) -> None:
    people = await aside(make_people, 3)
    room = await aside(make_room, *people)
    talkers = [await Talker.join(server, person) for person in people]
    await talkers[0].client.post(room.pk, "heard")
    await settled(*talkers)
    the_relay().silent = True
    ack = await talkers[0].client.post(room.pk, "the last word")
    await settled(*talkers)
    for talker in talkers:
        assert talker.heard[room.pk][-1]["seq"] == ack["seq"]
        assert talker.heard[room.pk][-1]["message"]["body"] == "the last word"


async def test_an_invitation_and_a_removal_that_nobody_told_of_are_found(careless: None, server: Server) -> None:
    anna, joon = await aside(make_people, 2)
    room = await aside(make_room, anna)
    one, two = await Talker.join(server, anna), await Talker.join(server, joon)
    the_relay().silent = True
    await one.ask("invite", room=room.pk, users=[joon.pk])
    await settled(one, two)
    assert room.pk in two.store.rooms
    await one.client.post(room.pk, "welcome")
    await settled(one, two)
    await one.ask("remove", room=room.pk, user=joon.pk)
    after = await one.client.post(room.pk, "he is gone")
    await settled(one, two)
    assert room.pk not in two.store.rooms
    assert after["seq"] not in [frame["seq"] for frame in two.heard.get(room.pk, [])]


async def test_a_relay_that_may_have_lost_something_is_checked_at_once(server: Server) -> None:
    """Not at the next periodic look: it says so itself."""
    people = await aside(make_people, 2)
    room = await aside(make_room, *people)
    talkers = [await Talker.join(server, person) for person in people]
    made = relay()
    receive, made._receive = made._receive, None  # type: ignore[attr-defined]
    await talkers[0].client.post(room.pk, "lost")
    made._receive = receive  # type: ignore[attr-defined]
    server.node._look_now.set()
    async with asyncio.timeout(1):
        await settled(*talkers)
    assert talkers[1].heard[room.pk][-1]["message"]["body"] == "lost"
