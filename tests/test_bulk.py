"""What is read and written by hand is what the ORM would have read and written."""

import uuid
from datetime import UTC, datetime

import pytest
from django.forms import model_to_dict

from klatch import lookups
from klatch.actions import messages
from klatch.models import Event, Message, Room, bulk
from tests.conftest import make_room, make_user

pytestmark = pytest.mark.django_db


def test_rows_read_by_hand_are_those_of_the_orm() -> None:
    rosa = make_user("rosa")
    rooms = [make_room(rosa), make_room(rosa)]
    Room.objects.filter(pk=rooms[1].pk).update(archived_at=datetime(2026, 1, 2, 3, 4, 5, 678, UTC), everybody=True)
    found = lookups.locked_rooms([rooms[1].pk, rooms[0].pk, 0])
    assert [row.pk for row in found] == [room.pk for room in rooms]
    for row in found:
        by_orm = Room.objects.get(pk=row.pk)
        for field in Room._meta.concrete_fields:
            given, wanted = getattr(row, field.attname), getattr(by_orm, field.attname)
            assert (given, type(given)) == (wanted, type(wanted)), field.name
        assert model_to_dict(row) == model_to_dict(by_orm)
        assert not row._state.adding


def test_memberships_are_found_by_pairs_and_not_across_them() -> None:
    rosa, ben = make_user("rosa"), make_user("ben")
    hers, his = make_room(rosa), make_room(ben)
    found = lookups.locked_memberships([(hers.pk, rosa.pk), (hers.pk, ben.pk), (0, rosa.pk)])
    assert list(found) == [(hers.pk, rosa.pk)]
    assert lookups.locked_memberships([(his.pk, ben.pk)]).keys() == {(his.pk, ben.pk)}


def test_what_was_sent_is_found_under_its_author_alone() -> None:
    rosa, ben = make_user("rosa"), make_user("ben")
    room = make_room(rosa, ben)
    key = uuid.uuid4()
    sent = messages.post(room, rosa, "hello", client_id=key)
    found, ids = lookups.sent_before([(rosa.pk, key), (ben.pk, key), (rosa.pk, uuid.uuid4())])
    assert found == {(rosa.pk, key): sent}
    assert sent.pk < ids[0] < ids[1] < ids[2]


def test_a_message_that_was_just_posted_is_the_one_that_is_read_back() -> None:
    rosa, ben = make_user("rosa"), make_user("ben")
    room = make_room(rosa, ben)
    first = messages.post(room, rosa, "hello")
    for posted in (first, messages.post(room, ben, "hello *you*", reply_to=first)):
        by_orm = Message.objects.get(pk=posted.pk)
        for field in Message._meta.concrete_fields:
            given, wanted = getattr(posted, field.attname), getattr(by_orm, field.attname)
            assert (given, type(given)) == (wanted, type(wanted)), field.name
        assert (posted.room, posted.author, posted.reply_to) == (by_orm.room, by_orm.author, by_orm.reply_to)
        assert posted == by_orm
        assert not posted._state.adding
        assert posted.get_deferred_fields() == set()
        posted.save()
        assert Message.objects.count() == 2


def test_an_id_is_never_given_twice() -> None:
    room = make_room(make_user("rosa"))

    def insert(*seqs: int) -> list[int]:
        ids = bulk.new_ids(Event, len(seqs))
        writes = bulk.Writes()
        writes.insert(
            Event,
            ("id", "room", "seq", "kind", "data", "at"),
            [
                (key, room.pk, seq, Event.Kind.MESSAGE_POSTED, {"a": 1}, room.created_at)
                for key, seq in zip(ids, seqs, strict=True)
            ],
        )
        writes.send()
        return ids

    first = insert(101, 102)
    Event.objects.filter(pk=first[1]).delete()
    second = insert(103)
    assert first[0] < first[1] < second[0]
    assert Event.objects.get(pk=second[0]).data == {"a": 1}
    assert insert() == []


def test_what_is_written_together_is_all_written_and_once() -> None:
    rosa = make_user("rosa")
    rooms = [make_room(rosa), make_room(rosa)]
    events = Event.objects.count()
    writes = bulk.Writes()
    writes.insert(
        Event, ("room", "seq", "kind", "data", "at"), [(rooms[0].pk, 101, "room.changed", {}, rooms[0].created_at)]
    )
    writes.update(Room, ("name", "seq"), [("\"{A, \\'1'}\"", 101, rooms[0].pk), ("B", 7, rooms[1].pk)])
    writes.insert(Message, ("room",), [])
    writes.send()
    writes.send()
    assert Event.objects.count() == events + 1
    assert [(row.name, row.seq) for row in lookups.locked_rooms([room.pk for room in rooms])] == [
        ("\"{A, \\'1'}\"", 101),
        ("B", 7),
    ]


def test_of_nobody_and_nothing_nothing_is_found() -> None:
    assert lookups.locked_rooms([]) == []
    assert lookups.memberships([]) == {}
    assert lookups.rooms_of([]) == {}
    loner = make_user("loner")
    assert lookups.memberships([loner.pk])[loner.pk] == []
