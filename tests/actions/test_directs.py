"""The one direct room of exactly these people."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connections

from klatch import commands, protocol, queries
from klatch.actions import directs
from klatch.errors import Invalid, LimitReached, NotFound
from klatch.models import Event, Room
from tests.conftest import make_user


@pytest.mark.django_db
def test_the_same_people_get_the_same_room_whoever_asks_and_in_whatever_order() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    room = directs.open_direct(rosa, [ben.pk, cleo.pk])
    assert directs.open_direct(ben, [cleo.pk, rosa.pk, ben.pk, cleo.pk]) == room
    assert directs.open_direct(rosa, [ben.pk]) != room
    assert Room.objects.count() == 2
    mine = commands.my_room(queries.membership(cleo, room.pk))
    assert [person["id"] for person in mine["people"]] == [rosa.pk, ben.pk, cleo.pk]
    assert (mine["kind"], mine["members"], mine["role"]) == ("direct", 3, "member")


@pytest.mark.django_db
def test_one_writes_to_somebody_else_who_exists_and_not_to_too_many() -> None:
    rosa = make_user()
    for nobody in ([], [rosa.pk]):
        with pytest.raises(Invalid):
            directs.open_direct(rosa, nobody)
    with pytest.raises(NotFound):
        directs.open_direct(rosa, [10**9])
    crowd = [make_user().pk for _ in range(20)]
    with pytest.raises(LimitReached):
        directs.open_direct(rosa, crowd)
    assert directs.open_direct(rosa, crowd[:19]).is_direct


@pytest.mark.django_db
def test_a_direct_conversation_is_in_nobodys_directory() -> None:
    rosa, ben = make_user(), make_user()
    directs.open_direct(rosa, [ben.pk])
    assert '"rooms":[],"next":null' in protocol.encode(commands.list_rooms(rosa, protocol.Rooms()))


@pytest.mark.usefixtures("db")
def test_two_who_write_to_each_other_at_the_same_moment_meet_in_one_room() -> None:
    rosa, ben = make_user(), make_user()
    start, found, failed = threading.Barrier(4), [], []

    def ask(me: User, other: User) -> None:
        try:
            start.wait(timeout=10)
            found.append(directs.open_direct(me, [other.pk]).pk)
        except Exception as problem:
            failed.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=pair) for pair in [(rosa, ben), (ben, rosa)] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failed == []
    assert len(set(found)) == 1
    assert len(found) == 4
    assert Room.objects.get().members == 2
    assert Event.objects.count() == 2
