"""How far one has read, and that unread counts are arithmetic that cannot drift."""

import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch
from klatch import commands, queries
from klatch.actions import members, messages, reads
from klatch.models import Message
from klatch.relay import relay
from tests.conftest import make_room, make_user
from tests.store import RecordingRelay

pytestmark = pytest.mark.django_db


def unread(user: Any, room: Any) -> int:
    mine = commands.my_room(queries.membership(user, room.pk))
    return mine["count"] - mine["read"]


def test_own_messages_are_read_and_those_of_others_are_not() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    klatch.post(room, ben, "one")
    klatch.post(room, ben, "two")
    assert (unread(rosa, room), unread(ben, room)) == (2, 0)
    klatch.post(room, rosa, "three")
    assert (unread(rosa, room), unread(ben, room)) == (0, 1)


def test_who_comes_later_has_read_what_was_said_before() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    room = make_room(rosa)
    klatch.post(room, rosa, "early")
    members.join(ben, room.pk)
    members.invite(rosa, room.pk, [cleo.pk])
    assert (unread(ben, room), unread(cleo, room)) == (0, 0)
    klatch.post(room, rosa, "late")
    assert (unread(ben, room), unread(cleo, room)) == (1, 1)


def test_deleting_a_message_does_not_change_the_count() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    message = klatch.post(room, rosa, "gone")
    messages.delete(rosa, message.pk)
    assert unread(ben, room) == 1
    reads.read(ben, room.pk, 1)
    assert unread(ben, room) == 0


def test_reading_never_goes_back_or_past_the_end_and_returns_the_position() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    for number in range(4):
        klatch.post(room, rosa, f"{number}")
    assert reads.read(ben, room.pk, 3) == 3
    assert reads.read(ben, room.pk, 1) == 3
    assert reads.read(ben, room.pk, 2**62) == 4
    assert reads.unread(ben, room.pk, 2) == 1
    assert unread(ben, room) == 3
    assert reads.unread(ben, room.pk, 2**62) == 1
    assert reads.unread(ben, room.pk, 4) == 1


def test_read_all_reads_every_room_of_oneself_and_of_nobody_else() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    here, there = make_room(rosa, ben, cleo), make_room(rosa, ben)
    klatch.post(here, rosa, "one")
    klatch.post(there, rosa, "two")
    reads.read_all(ben)
    assert (unread(ben, here), unread(ben, there), unread(cleo, here)) == (0, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_move_is_told_to_oneself_alone_and_only_when_there_was_one(settings: Any) -> None:
    settings.KLATCH = {"RELAY": "tests.store.RecordingRelay"}
    kept = relay()
    assert isinstance(kept, RecordingRelay)
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    klatch.post(room, rosa, "one")
    kept.take()
    reads.read(ben, room.pk, 1)
    reads.read(ben, room.pk, 1)
    reads.read_all(ben)
    (told,) = kept.take()
    assert (told.kind, told.user) == ("personal", ben.pk)
    assert json.loads(told.text or "") == {"type": "read", "room": room.pk, "position": 1}


MOVES = st.lists(
    st.tuples(st.sampled_from(["post", "read", "unread", "all", "delete"]), st.integers(0, 2), st.integers(1, 12)),
    max_size=15,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_unread_is_never_negative_and_always_the_number_of_messages_after_the_position(
    moves: list[tuple[str, int, int]],
) -> None:
    with transaction.atomic():
        people = [make_user() for _ in range(3)]
        room = make_room(*people)
        expected = {person.pk: 0 for person in people}
        count = 0
        for what, who, position in moves:
            person = people[who]
            if what == "post":
                klatch.post(room, person, "x")
                count += 1
                expected[person.pk] = count
            elif what == "read":
                reads.read(person, room.pk, position)
                expected[person.pk] = max(expected[person.pk], min(position, count))
            elif what == "unread":
                reads.unread(person, room.pk, position)
                expected[person.pk] = min(position - 1, expected[person.pk])
            elif what == "all":
                reads.read_all(person)
                expected[person.pk] = count
            elif (message := Message.objects.filter(author=person, deleted_at=None).first()) is not None:
                messages.delete(person, message.pk)
            for everybody in people:
                mine = queries.membership(everybody, room.pk)
                assert mine.read == expected[everybody.pk]
                after = Message.objects.filter(room=room, position__gt=mine.read).count()
                assert unread(everybody, room) == after >= 0
        transaction.set_rollback(True)
