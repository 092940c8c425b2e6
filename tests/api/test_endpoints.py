"""What REST promises beside its shapes; who is told what of every endpoint stands in ``tests/security``."""

import uuid
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klatch.actions import directs, members, messages
from klatch.models import Message, Room
from tests.api.conftest import Asker
from tests.conftest import make_room, make_user


@dataclass
class Place:
    me: User
    other: User
    outside: User
    room: Room


@pytest.fixture
def place() -> Place:
    me, other, outside = make_user(), make_user(), make_user()
    room = make_room(me, other, kind="private")
    messages.post(room, me, "hello world")
    return Place(me, other, outside, room)


def test_a_post_repeated_with_its_client_id_is_one_message_and_the_same_answer(place: Place) -> None:
    asker, key = Asker(place.me), str(uuid.uuid4())
    answers = [asker.ask("POST", f"/rooms/{place.room.pk}/messages", {"body": "x", "client_id": key}) for _ in "ab"]
    assert answers[0] == answers[1]
    assert Message.objects.filter(body="x").count() == 1


def test_a_closed_account_is_let_in_by_neither_its_token_nor_its_session(place: Place) -> None:
    askers = [Asker(place.other), Asker(place.other, way="session")]
    assert [asker.ask("GET", "/me")[0] for asker in askers] == [200, 200]
    place.other.is_active = False
    place.other.save()
    assert [asker.ask("GET", "/me")[0] for asker in askers] == [401, 401]


def test_a_removed_member_is_outside_at_once(place: Place) -> None:
    asker = Asker(place.other)
    assert asker.ask("GET", f"/rooms/{place.room.pk}/messages")[0] == 200
    members.remove(place.me, place.room.pk, place.other.pk)
    assert asker.ask("GET", f"/rooms/{place.room.pk}/messages")[0] == 404
    assert asker.ask("GET", "/search?q=hello")[1]["results"] == []


def test_a_secret_is_shown_once(place: Place) -> None:
    asker = Asker(place.me)
    made = asker.ask("POST", "/tokens", {"name": "script"})[1]
    listed = asker.ask("GET", "/tokens")[1]
    assert made["id"] in [row["id"] for row in listed["tokens"]]
    assert made["secret"] not in str(listed)
    program = Asker(None)
    program.headers["Authorization"] = f"bearer {made['secret']}"
    assert program.ask("GET", "/me")[1]["you"]["id"] == place.me.pk
    assert asker.ask("DELETE", f"/tokens/{made['id']}")[0] == 204
    assert program.ask("GET", "/me")[0] == 401


def test_me_is_who_asks_and_their_rooms_only(place: Place) -> None:
    answer = Asker(place.outside).ask("GET", "/me")[1]
    assert (answer["you"]["id"], answer["rooms"]) == (place.outside.pk, [])
    (room,) = Asker(place.me).ask("GET", "/me")[1]["rooms"]
    assert (room["id"], room["role"], room["count"] - room["read"]) == (place.room.pk, "owner", 0)


def test_me_takes_no_more_queries_for_many_direct_rooms_than_for_one(place: Place) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            rooms = Asker(place.me).ask("GET", "/me")[1]["rooms"]
        assert all(len(room["people"]) == 2 for room in rooms if room["kind"] == "direct")
        return len(seen)

    directs.open_direct(place.me, [place.other.pk])
    one = queries()
    for _ in range(3):
        directs.open_direct(place.me, [make_user().pk])
    assert queries() == one


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\ud800", "a\nb"])
def test_a_token_takes_no_name_that_a_database_could_not_keep(place: Place, name: str) -> None:
    status, answer = Asker(place.me).ask("POST", "/tokens", {"name": name})
    assert status in (200, 422)
    assert status == 422 or answer["name"] in ("ab", "a b")
