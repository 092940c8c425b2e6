"""How who posts is told: shortly, and whatever becomes of the others."""

import uuid

import pytest
from django.contrib.auth.models import User

from klatch import commands, protocol
from klatch.actions import messages
from klatch.models import Room
from tests.conftest import Server, aside, make_room, make_user


def make() -> tuple[Room, User, User]:
    anna, joon = make_user(), make_user()
    return make_room(anna, joon), anna, joon


@pytest.mark.parametrize("ref", [None, 0, -7, 2**63 - 1])
async def test_an_acknowledgement_is_the_same_by_the_short_way(db: None, ref: int | None) -> None:
    room, anna, _ = await aside(make)
    posted = await aside(messages.post, room, anna, "hello")
    short = protocol.acknowledged(ref, posted.room_id, posted.seq, posted.id, posted.position)
    assert short == protocol.reply(commands.posted(posted), ref)


async def test_an_answer_that_cannot_be_given_keeps_no_other_from_theirs(server: Server) -> None:
    room, anna, joon = await aside(make)
    made = server.node.writer

    def broken(result: object) -> None:
        raise RuntimeError

    made.take(messages.Draft(joon, room.pk, uuid.uuid4(), "nobody is told"), broken)
    told = made.post(messages.Draft(anna, room.pk, uuid.uuid4(), "all the same"))
    assert (await told).body == "all the same"
