"""Whatever comes over the line is answered or ends the line; it never breaks the server or another's talk."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.errors import Close
from klatch.models import Message, Room
from klatch.realtime.socket import BAD_FRAMES
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import Line, talking

ID = "00000000-0000-4000-8000-000000000001"
BAD = [
    "",
    "{",
    "hello",
    "null",
    "true",
    "7",
    '"hello"',
    "[]",
    '[{"op":"ping","ref":1}]',
    "{}",
    '{"ref":1}',
    '{"op":"ping"}{"op":"ping"}',
    "{'op':'ping'}",
    '{"op":"ping",}',
    '\ufeff{"op":"ping"}',
    '{"op":"post","room":1,"client_id":"' + ID + '","body":"\\ud800"}',
    '{"op":"search","q":"\\udfff\\ud800"}',
    "[" * 10_000 + "]" * 10_000,
    '{"a":' * 10_000 + "1" + "}" * 10_000,
    '{"op":"ping","ref":' + "[" * 10_000 + "]" * 10_000 + "}",
]


@pytest.fixture(autouse=True)
def _no_traceback(caplog: pytest.LogCaptureFixture) -> Any:
    """No input may cause a fault of ours."""
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
async def anna(server: Server) -> User:
    return await aside(make_user, "anna")


@pytest.fixture
async def room(anna: User) -> Room:
    return await aside(make_room, anna)


@pytest.fixture
async def talk(server: Server, anna: User, room: Room) -> AsyncIterator[Line]:
    async with talking(server, anna) as made:
        yield made
        # Whatever happened, the line still works, unless the test ended it.
        if made.socket.state.name == "OPEN":
            assert (await made.ask(op="ping", ref=999_999))["type"] == "pong"


async def test_what_is_not_one_object_with_an_op_is_a_bad_frame(talk: Line) -> None:
    for text in BAD:
        await talk.say(text)
        error = await talk.next()
        assert (error["type"], error["code"]) == ("error", "bad_frame"), text[:80]


async def test_a_binary_frame_is_a_bad_frame(talk: Line) -> None:
    await talk.say(b'{"op":"ping","ref":1}')
    error = await talk.next()
    assert (error["type"], error["code"], error["ref"]) == ("error", "bad_frame", None)


async def test_an_op_that_does_not_exist_is_named_so_with_its_ref(talk: Line) -> None:
    for op in ("", "Ping", "drop table", "__class__", "welcome", "я" * 500):
        error = await talk.ask(op=op, ref=5)
        assert (error["type"], error["code"]) == ("error", "unknown_op"), op


async def test_an_op_that_is_no_text_is_refused(talk: Line) -> None:
    for op in (7, None, True, ["ping"], {"op": "ping"}):
        error = await talk.ask(op=op, ref=5)
        assert error["code"] in ("bad_frame", "unknown_op", "invalid"), op


def _wrong() -> list[Any]:
    post = {"op": "post", "room": 1, "client_id": ID, "body": "x"}
    history = {"op": "history", "room": 1}
    cases: list[dict[str, Any]] = [
        {**post, "room": "1"},
        {**post, "room": 1.0},
        {**post, "room": True},
        {**post, "room": None},
        {**post, "room": 0},
        {**post, "room": -1},
        {**post, "room": 2**63},
        {**post, "room": 10**400},
        {**post, "room": [1]},
        {**post, "body": 7},
        {**post, "body": None},
        {**post, "body": ["x"]},
        {**post, "client_id": "mine"},
        {**post, "client_id": 7},
        {**post, "reply_to": "7"},
        {**post, "author": 1},
        {"op": "post", "room": 1},
        {**history, "limit": 0},
        {**history, "limit": 101},
        {**history, "limit": "40"},
        {**history, "before": -1},
        {**history, "around": 0},
        {**history, "after": 1.5},
        {"op": "react", "message": 1, "emoji": "👍", "on": 1},
        {"op": "react", "message": 1, "emoji": "", "on": True},
        {"op": "direct", "users": []},
        {"op": "direct", "users": [1] * 101},
        {"op": "direct", "users": {"1": 1}},
        {"op": "create", "name": " ", "kind": "open"},
        {"op": "create", "name": "x", "kind": "direct"},
        {"op": "role", "room": 1, "user": 1, "role": "king"},
        {"op": "rooms", "after": "9" * 65},
        {"op": "search", "q": "x" * 201},
        {"op": "ping", "extra": 1},
        {"op": "ping", "": 1},
        {"op": "ping", "__proto__": {}},
    ]
    return cases


async def test_wrong_and_unknown_fields_are_invalid_and_nothing_is_stored(talk: Line) -> None:
    for frame in _wrong():
        error = await talk.ask(**frame, ref=5)
        assert (error["type"], error["code"]) == ("error", "invalid"), frame
        assert error["fields"], frame
    assert not await aside(Message.objects.exists)


async def test_numbers_that_are_no_whole_numbers_are_refused(talk: Line) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e2", "1.5", "0x10", "01", "+1"):
        for text in (f'{{"op":"history","ref":1,"room":{number}}}', f'{{"op":"ping","ref":{number}}}'):
            await talk.say(text)
            error = await talk.next()
            assert (error["type"], error["code"] in ("invalid", "bad_frame")) == ("error", True), text


async def test_of_a_key_given_twice_the_last_counts(talk: Line, room: Room) -> None:
    await talk.say(f'{{"op":"post","op":"history","room":987654,"room":{room.pk},"ref":1,"ref":2}}')
    page = await talk.next()
    assert (page["type"], page["room"], page["ref"]) == ("history", room.pk, 2)


async def test_a_message_without_anything_to_see_is_invalid(talk: Line, room: Room) -> None:
    for body in ("", " ", "\n\t ", "\u200b", "\x00\x01\x02", "\u202e", "\ufeff"):
        error = await talk.ask(op="post", ref=1, room=room.pk, client_id=ID, body=body)
        assert error.get("code") == "invalid", ascii(body)


async def test_control_characters_do_not_get_into_a_message(talk: Line, room: Room) -> None:
    body = "a\x00b\x07c\x1b[31md\x7fe\u202ef"
    await talk.ask(op="post", ref=1, room=room.pk, client_id=ID, body=body)
    stored = await aside(lambda: Message.objects.get().body)
    assert not any(ord(sign) < 32 or ord(sign) == 127 for sign in stored)


async def test_a_body_over_the_limit_is_too_large_and_one_at_the_limit_is_not(talk: Line, room: Room) -> None:
    error = await talk.ask(op="post", ref=1, room=room.pk, client_id=ID, body="я" * 10_001)
    assert (error["code"], error["limit"]) == ("too_large", 10_000)
    assert (await talk.ask(op="post", ref=2, room=room.pk, client_id=ID, body="я" * 10_000))["type"] == "ack"


async def test_a_frame_over_the_limit_ends_the_line_with_1009(talk: Line, room: Room) -> None:
    body = "x" * 65_536
    await talk.send(op="post", ref=1, room=room.pk, client_id=ID, body=body)
    assert await talk.closed() == 1009


async def test_a_frame_over_the_limit_is_refused_whatever_server_is_around(
    server: Server, anna: User, room: Room, settings: Any
) -> None:
    settings.KLATCH = {"FRAME_BYTES": 1_000}
    async with talking(server, anna) as talk:
        await talk.send(op="post", ref=1, room=room.pk, client_id=ID, body="x" * 1_000)
        assert await talk.closed() == 1009


async def test_a_room_that_is_missing_and_one_that_is_hidden_are_answered_alike(server: Server, anna: User) -> None:
    joon = await aside(make_user, "joon")
    hidden = await aside(make_room, anna, kind="private")
    async with talking(server, anna) as owner, talking(server, joon) as stranger:
        seen = await owner.ask(op="post", ref=1, room=hidden.pk, client_id=ID, body="secret")
        missing = 987_654_321
        asked: list[dict[str, Any]] = [
            {"op": "post", "client_id": ID, "body": "x"},
            {"op": "history"},
            {"op": "history", "around": 1},
            {"op": "search", "q": "secret"},
            {"op": "members"},
            {"op": "join"},
            {"op": "leave"},
            {"op": "typing"},
            {"op": "read", "position": 1},
            {"op": "unread", "position": 1},
            {"op": "subscribe", "seq": 0},
            {"op": "update", "name": "mine"},
            {"op": "invite", "users": [joon.pk]},
            {"op": "remove", "user": anna.pk},
            {"op": "role", "user": joon.pk, "role": "owner"},
        ]
        for number, frame in enumerate(asked, start=10):
            answers = [await stranger.ask(**frame, room=room, ref=number) for room in (hidden.pk, missing)]
            assert answers[0] == answers[1], frame["op"]
            assert answers[0]["code"] == "not_found", frame["op"]
        for op, fields in (("edit", {"body": "x"}), ("delete", {}), ("react", {"emoji": "👍", "on": True})):
            answers = [await stranger.ask(op=op, message=key, ref=9, **fields) for key in (seen["id"], missing)]
            assert answers[0] == answers[1], op
            assert answers[0]["code"] == "not_found"


async def test_hello_comes_first_and_once(server: Server, anna: User, room: Room) -> None:
    async with talking(server, anna, hello=False) as talk:
        error = await talk.ask(op="post", ref=1, room=room.pk, client_id=ID, body="early")
        assert error["code"] == "hello_first"
        await talk.hello()
        error = await talk.ask(op="hello", ref=2)
        assert error["code"] == "hello_first"
        assert (await talk.ask(op="ping", ref=3))["type"] == "pong"
    assert not await aside(Message.objects.exists)


async def test_who_never_says_hello_is_sent_away_to_try_again(server: Server, anna: User, settings: Any) -> None:
    settings.KLATCH = {"HELLO_SECONDS": 0.2}
    async with talking(server, anna, hello=False) as talk:
        assert await talk.closed() == Close.HELLO_TIMEOUT


async def test_fifty_bad_frames_end_the_line_for_good(talk: Line) -> None:
    for _ in range(BAD_FRAMES - 1):
        await talk.say("nonsense")
    assert (await talk.ask(op="ping", ref=1))["type"] == "pong"
    await talk.say("nonsense")
    assert await talk.closed() == Close.PROTOCOL


async def test_bad_frames_instead_of_hello_end_the_line_for_good(server: Server, anna: User) -> None:
    async with talking(server, anna, hello=False) as talk:
        for _ in range(BAD_FRAMES):
            await talk.say("nonsense")
        assert await talk.closed() == Close.PROTOCOL


async def test_a_number_ahead_of_the_log_is_answered_with_a_reset(server: Server, anna: User, room: Room) -> None:
    async with talking(server, anna) as talk:
        answer = await talk.ask(op="subscribe", ref=1, room=room.pk, seq=2**63 - 1)
        assert answer["type"] == "subscribed"
        assert (await talk.next())["type"] == "room.added"
        assert await talk.next() == {"type": "reset", "room": room.pk, "seq": room.seq}


async def test_a_forged_cursor_is_invalid(talk: Line, room: Room) -> None:
    for cursor in ("-1", "1 OR 1=1", "٣", "1e9", "", "9" * 64, "null"):
        for frame in ({"op": "rooms"}, {"op": "members", "room": room.pk}):
            assert (await talk.ask(**frame, ref=1, after=cursor)).get("code") == "invalid", (frame, cursor)
