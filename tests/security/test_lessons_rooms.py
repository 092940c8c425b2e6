"""Lessons of rooms: what goes to whom, what remains of deleted words, and that nothing blocks a room for everybody."""

import asyncio
import logging
import random
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch import log, search
from klatch.actions import members, messages, rooms
from klatch.models import Event, Message, Room
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import Line, talking


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    settings.KLATCH = {"RATE_LIMIT": False}


def _pair() -> tuple[Room, User, User]:
    anna, joon = make_user(), make_user()
    return make_room(anna, joon), anna, joon


async def test_the_news_of_a_deletion_has_no_word_of_what_was_deleted(server: Server) -> None:
    """Lesson 12."""
    room, anna, joon = await aside(_pair)
    message = await aside(messages.post, room.pk, anna, "the *hidden* content", reply_to=None)
    answer = await aside(messages.post, room.pk, joon, "what?", reply_to=message.pk)
    async with talking(server, joon) as talk:
        await aside(messages.delete, anna, message.pk)
        event = await talk.until("message.deleted")
        assert "hidden" not in str(event)
        gone = event["message"]
        assert (gone["deleted"], gone["body"], gone["html"], gone["reactions"]) == (True, "", "", [])
        page = await talk.ask(op="history", ref=1, room=room.pk)
        assert "hidden" not in str(page)
        assert [row["reply_to"]["excerpt"] for row in page["messages"] if row["id"] == answer.pk] == [""]


STORM = {"post": 6, "edit": 2, "archive": 2, "leave": 1, "join": 2, "react": 2, "invite": 1, "remove": 1, "history": 2}
EXPECTED = {"archived", "not_found", "forbidden", "conflict", "limit_reached"}


async def _storm(talk: Line, room: Room, message: int, others: list[int], rounds: int, chance: random.Random) -> None:
    archived = False
    for number in range(rounds):
        op = chance.choices(list(STORM), list(STORM.values()))[0]
        archived = not archived
        frame: dict[str, Any] = {
            "post": {"op": "post", "room": room.pk, "client_id": str(uuid.uuid4()), "body": f"word {number}"},
            "edit": {"op": "edit", "message": message, "body": f"word {number}"},
            "archive": {"op": "update", "room": room.pk, "archived": archived},
            "leave": {"op": "leave", "room": room.pk},
            "join": {"op": "join", "room": room.pk},
            "react": {"op": "react", "message": message, "emoji": "👍", "on": number % 2 == 0},
            "invite": {"op": "invite", "room": room.pk, "users": others},
            "remove": {"op": "remove", "room": room.pk, "user": chance.choice(others)},
            "history": {"op": "history", "room": room.pk},
        }[op]
        reply = await talk.ask(**frame, ref=number + 1)
        assert reply["type"] != "error" or reply["code"] in EXPECTED, (frame, reply)


@pytest.mark.parametrize("rounds", [30, pytest.param(1_700, marks=pytest.mark.faults)])
async def test_whatever_happens_to_a_room_at_the_same_moment_nothing_breaks(
    server: Server, caplog: pytest.LogCaptureFixture, rounds: int
) -> None:
    """Lesson 15: archive, send, edit, leave, join, invite and remove, all at once. Long tier: 10,000 rounds."""

    def make() -> tuple[Room, list[User], Message]:
        people = [make_user() for _ in range(6)]
        room = make_room(*people)
        members.change_role(people[0], room.pk, people[1].pk, "owner")
        return room, people, messages.post(room.pk, people[0], "word")

    room, people, message = await aside(make)
    chance = random.Random(7)
    talks = [talking(server, person) for person in people]
    lines = [await talk.__aenter__() for talk in talks]
    try:
        others = [person.pk for person in people[2:]]
        await asyncio.gather(*[_storm(talk, room, message.pk, others, rounds, chance) for talk in lines])
    finally:
        for talk in talks:
            await talk.__aexit__(None, None, None)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    # The room is what its log says: numbers without a hole, as many members as there are.
    numbers = await aside(lambda: list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True)))
    assert numbers == list(range(1, len(numbers) + 1))
    now = await aside(Room.objects.get, pk=room.pk)
    assert (now.seq, now.members) == (len(numbers), await aside(now.memberships.count))


async def test_who_left_gets_nothing_after_it_from_any_number(server: Server) -> None:
    """Lesson 29."""
    room, anna, joon = await aside(_pair)
    known = room.seq
    await aside(messages.post, room.pk, anna, "before")
    await aside(members.leave, joon, room.pk)
    await aside(messages.post, room.pk, anna, "after")
    await aside(rooms.change_room, anna, room.pk, description="after")
    epoch = str(await aside(log.epoch))
    for number in (0, known, known + 1, room.seq + 2, 10_000):
        async with talking(server, joon, hello=False) as talk:
            welcome = await talk.hello(epoch, {room.pk: number})
            assert [row["id"] for row in welcome["rooms"]] == []
            assert talk.missed == []
            reply = await talk.ask(op="subscribe", ref=1, room=room.pk, seq=number)
            assert reply["code"] == "not_found"
            assert "after" not in str([welcome, *await talk.rest()])


async def test_a_row_that_cannot_be_shown_keeps_nobody_from_the_room(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Lesson 30: it takes its number and says nothing."""
    room, anna, joon = await aside(_pair)
    known = room.seq
    await aside(messages.post, room.pk, anna, "first")
    rows = await aside(lambda: list(Event.objects.filter(room=room).order_by("seq")))
    # A row as no version of ours writes it, in the middle; and one at the start, among the notices.
    await aside(lambda: Event.objects.filter(pk=rows[-2].pk).update(kind="member.left", data={"x": float(1)}))
    await aside(messages.post, room.pk, anna, "second")
    epoch = str(await aside(log.epoch))
    with caplog.at_level(logging.CRITICAL):
        async with talking(server, joon, hello=False) as talk:
            await talk.hello(epoch, {room.pk: known - 1})
            assert [frame["type"] for frame in talk.missed] == ["unreadable", "message.posted", "message.posted"]
            assert [frame["seq"] for frame in talk.missed] == [known, known + 1, known + 2]
            page = await talk.ask(op="history", ref=1, room=room.pk)
            assert [row["body"] for row in page["messages"]] == ["first", "second"]
            reply = await talk.ask(op="subscribe", ref=2, room=room.pk, seq=known - 1)
            assert reply["type"] == "subscribed"
            await aside(messages.post, room.pk, anna, "third")
            assert (await talk.until("message.posted", seq=known + 3))["message"]["body"] == "third"


async def test_pages_of_nothing_but_deleted_messages_lead_on(server: Server) -> None:
    """Lesson 31."""

    def make() -> tuple[Room, User]:
        room, anna, joon = _pair()
        made = [messages.post(room.pk, anna, f"word {number}") for number in range(12)]
        for message in made[2:]:
            messages.delete(anna, message.pk)
        return room, joon

    room, joon = await aside(make)
    async with talking(server, joon) as talk:
        seen: list[int] = []
        before = None
        while True:
            where = {} if before is None else {"before": before}
            page = await talk.ask(op="history", ref=1, room=room.pk, limit=4, **where)
            seen = [row["position"] for row in page["messages"]] + seen
            if page["start"]:
                break
            before = seen[0]
        assert seen == list(range(1, 13))


@pytest.mark.parametrize("newest", [search.NEWEST, 4])
async def test_a_search_that_finds_only_what_may_not_be_shown_leads_on(
    server: Server, monkeypatch: pytest.MonkeyPatch, newest: int
) -> None:
    """Lesson 31: rows that the index kept by mistake fill a page; the words beyond them are still found."""

    def make() -> tuple[Message, User]:
        room, anna, joon = _pair()
        good = messages.post(room.pk, anna, "teapot")
        for _ in range(8):
            gone = messages.post(room.pk, anna, "teapot")
            messages.delete(anna, gone.pk)
            search.change(gone.pk, room.pk, "teapot")
        return good, joon

    monkeypatch.setattr(search, "NEWEST", newest)
    good, joon = await aside(make)
    async with talking(server, joon) as talk:
        page = await talk.ask(op="search", ref=1, q="teapot", room=None, limit=3)
        assert [row["message"]["id"] for row in page["results"]] == [good.pk]
        assert page["next"] is None
