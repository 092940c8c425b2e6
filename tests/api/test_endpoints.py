"""Every endpoint: with a token, with a session, without either, and for somebody outside the room."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klatch.actions import directs, invites, members, messages, tokens
from klatch.api import api
from klatch.commands import COMMANDS
from klatch.models import Message, Room, Token
from klatch.protocol import REQUESTS
from tests.api.conftest import Asker
from tests.conftest import make_room, make_user
from tests.frames import check

SOCKET_ONLY = {"hello", "typing", "subscribe", "unsubscribe", "ping"}


@dataclass
class Place:
    me: User
    other: User
    outside: User
    room: Room
    mine: Message
    invite: int
    token: int

    def fill(self, path: str) -> str:
        values = {
            "room": self.room.pk,
            "message": self.mine.pk,
            "user": self.other.pk,
            "invite": self.invite,
            "token": self.token,
        }
        return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), path)


@pytest.fixture
def place() -> Place:
    me, other, outside = make_user(), make_user(), make_user()
    room = make_room(me, other, kind="private")
    mine = messages.post(room, me, "hello world")
    invite, _ = invites.create_invite(me, room)
    token, _ = tokens.create_token(me, "to be revoked")
    return Place(me, other, outside, room, mine, invite.pk, token.pk)


# Method and path → body (or None), the op it stands for (or None), and what somebody outside the room is told.
CALLS: dict[tuple[str, str], tuple[Any, str | None, int]] = {
    ("GET", "/rooms"): (None, "rooms", 200),
    ("POST", "/rooms"): ({"name": "new room"}, "create", 200),
    ("PATCH", "/rooms/{room}"): ({"name": "another name"}, "update", 404),
    ("POST", "/rooms/{room}/join"): (None, "join", 404),
    ("POST", "/rooms/{room}/leave"): (None, "leave", 404),
    ("GET", "/rooms/{room}/members"): (None, "members", 404),
    ("POST", "/rooms/{room}/members"): ({"users": ["outside"]}, "invite", 404),
    ("DELETE", "/rooms/{room}/members/{user}"): (None, "remove", 404),
    ("PATCH", "/rooms/{room}/members/{user}"): ({"role": "moderator"}, "role", 404),
    ("POST", "/directs"): ({"users": ["other"]}, "direct", 200),
    ("GET", "/rooms/{room}/messages"): (None, "history", 404),
    ("POST", "/rooms/{room}/messages"): ({"body": "hello"}, "post", 404),
    ("PATCH", "/messages/{message}"): ({"body": "changed"}, "edit", 404),
    ("DELETE", "/messages/{message}"): (None, "delete", 404),
    ("POST", "/messages/{message}/reactions"): ({"emoji": "🎉"}, "react", 404),
    ("POST", "/rooms/{room}/read"): ({"position": 1}, "read", 404),
    ("POST", "/rooms/{room}/unread"): ({"position": 1}, "unread", 404),
    ("POST", "/read-all"): (None, "read_all", 200),
    ("GET", "/search?q=hello"): (None, "search", 200),
    ("GET", "/me"): (None, None, 200),
    ("GET", "/people"): (None, "people", 200),
    ("POST", "/invites"): ({"room": "room"}, None, 404),
    ("DELETE", "/invites/{invite}"): (None, None, 404),
    ("GET", "/tokens"): (None, None, 200),
    ("POST", "/tokens"): ({"name": "script"}, None, 200),
    ("DELETE", "/tokens/{token}"): (None, None, 404),
}
IDS = [f"{method} {path}" for method, path in CALLS]


def body_for(place: Place, body: Any) -> Any:
    if isinstance(body, dict):
        return {key: body_for(place, value) for key, value in body.items()}
    if isinstance(body, list):
        return [body_for(place, value) for value in body]
    return getattr(place, body).pk if body in ("room", "other", "outside") else body


def test_every_path_of_the_interface_is_called_here_and_every_op_of_the_socket_has_one() -> None:
    schema = api.get_openapi_schema(path_prefix="")
    there = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}
    assert there == {(method, path.partition("?")[0]) for method, path in CALLS}
    ops = {op for _, op, _ in CALLS.values()} - {None}
    assert ops == set(COMMANDS)
    assert ops == {kind.model_fields["op"].default for kind in REQUESTS} - SOCKET_ONLY


@pytest.mark.parametrize("way", ["token", "session"])
@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_it_answers_a_member_with_a_token_or_a_session_in_the_shape_of_the_protocol(
    place: Place, call: tuple[str, str], way: str
) -> None:
    body, op, _ = CALLS[call]
    status, answer = Asker(place.me, way=way).ask(call[0], place.fill(call[1]), body_for(place, body))
    assert status == (204 if answer is None else 200), answer
    if op is not None:
        check(answer)


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_without_a_login_it_says_so_and_nothing_else(place: Place, call: tuple[str, str]) -> None:
    body, _, _ = CALLS[call]
    asker = Asker(None)
    answer = asker.raw(call[0], place.fill(call[1]), body_for(place, body))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json() == {"type": "error", "code": "unauthenticated", "detail": "Log in first."}
    asker.headers["Authorization"] = "Bearer klatch_forged"
    assert asker.ask(call[0], place.fill(call[1]), body_for(place, body))[0] == 401


@pytest.mark.parametrize("call", [call for call in CALLS if call[0] != "GET"],
                         ids=[name for name in IDS if not name.startswith("GET")])  # fmt: skip
def test_a_session_without_the_csrf_token_changes_nothing(place: Place, call: tuple[str, str]) -> None:
    body, _, _ = CALLS[call]
    before = (Room.objects.count(), Message.objects.count(), Token.objects.filter(revoked_at=None).count())
    status, answer = Asker(place.me, way="no csrf").ask(call[0], place.fill(call[1]), body_for(place, body))
    assert (status, answer["code"]) == (403, "forbidden")
    after = (Room.objects.count(), Message.objects.count(), Token.objects.filter(revoked_at=None).count())
    assert after == before


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_a_foreign_room_and_one_that_does_not_exist_are_answered_alike(place: Place, call: tuple[str, str]) -> None:
    body, _, expected = CALLS[call]
    asker = Asker(place.outside)
    foreign = asker.ask(call[0], place.fill(call[1]), body_for(place, body))
    assert foreign[0] == expected
    if expected == 404:
        # A body that names the room names the missing one as well.
        sent = {key: 999_999 if value == "room" else body_for(place, value) for key, value in (body or {}).items()}
        missing = asker.ask(call[0], re.sub(r"\{(?!user)\w+\}", "999999", call[1]).replace("{user}", "1"), sent or None)
        assert missing == foreign


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
