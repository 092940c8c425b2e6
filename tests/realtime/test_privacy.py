"""Who must not receive: for every kind of event and everything ephemeral, nobody outside the room hears a thing."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.actions import members, messages, reactions, rooms
from klatch.models import Event, Message, Room
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import Line, talking


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    settings.KLATCH = {"RATE_LIMIT": False}


@dataclass
class Place:
    """A private room of Anna and Bea; outside: somebody removed, somebody who left, a member elsewhere, a newcomer."""

    anna: User
    bea: User
    room: Room
    message: Message
    outsiders: dict[str, User]
    corners: dict[str, Room]
    lines: dict[str, Line] = field(default_factory=dict)

    @classmethod
    def make(cls) -> "Place":
        anna, bea = make_user(), make_user()
        names = ("removed", "left", "elsewhere", "stranger", "unsubscribed")
        outsiders = {name: make_user() for name in names}
        room = make_room(anna, bea, *[outsiders[name] for name in ("removed", "left", "unsubscribed")], kind="private")
        members.remove(anna, room.pk, outsiders["removed"].pk)
        members.leave(outsiders["left"], room.pk)
        # Each has a room of their own, together with Anna: what happens there last says that all else has come.
        corners = {name: make_room(anna, person) for name, person in outsiders.items()}
        message = messages.post(room.pk, anna, "among us")
        return cls(anna, bea, room, message, outsiders, corners)

    async def heard_outside(self) -> dict[str, list[dict[str, Any]]]:
        """What each outsider got up to an event in their own corner."""
        heard = {}
        for name, corner in self.corners.items():
            await aside(messages.post, corner.pk, self.anna, "the barrier")
            frames = []
            while True:
                frame = await self.lines[name].next()
                if frame["type"] == "message.posted" and frame["room"] == corner.pk:
                    break
                frames.append(frame)
            heard[name] = [frame for frame in frames if frame.get("room") != corner.pk]
        return heard


@pytest.fixture
async def place(server: Server) -> AsyncIterator[Place]:
    made = await aside(Place.make)
    async with AsyncExitStack() as stack:
        for name, person in {**made.outsiders, "anna": made.anna, "bea": made.bea}.items():
            made.lines[name] = await stack.enter_async_context(talking(server, person))
        await made.lines["unsubscribed"].ask(op="unsubscribe", ref=1, room=made.room.pk)
        server.node.announcer.tick(0)
        await made.heard_outside()
        await made.lines["bea"].rest()
        yield made


def post(place: Place) -> None:
    messages.post(place.room.pk, place.anna, "secret", reply_to=place.message.pk)


def react_and_take_back(place: Place) -> None:
    reactions.react(place.anna, place.message.pk, "🤫", True)
    reactions.react(place.anna, place.message.pk, "🤫", False)


def come_and_go(place: Place) -> None:
    guest = make_user()
    members.invite(place.anna, place.room.pk, [guest.pk])
    members.change_role(place.anna, place.room.pk, guest.pk, "moderator")
    members.remove(place.anna, place.room.pk, guest.pk)


CAUSES: dict[str, Callable[[Place], object]] = {
    Event.Kind.MESSAGE_POSTED: post,
    Event.Kind.MESSAGE_EDITED: lambda place: messages.edit(place.anna, place.message.pk, "secret"),
    Event.Kind.MESSAGE_DELETED: lambda place: messages.delete(place.anna, place.message.pk),
    Event.Kind.REACTION_ADDED: react_and_take_back,
    Event.Kind.REACTION_REMOVED: react_and_take_back,
    Event.Kind.MEMBER_JOINED: come_and_go,
    Event.Kind.MEMBER_LEFT: come_and_go,
    Event.Kind.MEMBER_CHANGED: come_and_go,
    Event.Kind.ROOM_CHANGED: lambda place: rooms.change_room(place.anna, place.room.pk, name="secret", archived=True),
}


def test_every_kind_of_event_has_a_cause_here() -> None:
    assert set(CAUSES) == set(Event.Kind.values)


async def test_no_event_of_any_kind_reaches_anybody_outside(place: Place) -> None:
    # Deleting and archiving last: they would prevent the others.
    last = [Event.Kind.MESSAGE_DELETED, Event.Kind.ROOM_CHANGED]
    for kind in [*[kind for kind in Event.Kind.values if kind not in last], *last]:
        await aside(CAUSES[kind], place)
        # It did happen, and inside it was heard.
        await place.lines["bea"].until(kind)
        for name, frames in (await place.heard_outside()).items():
            assert frames == [], (kind, name)


async def test_typing_reaches_members_only(place: Place) -> None:
    await place.lines["anna"].send(op="typing", ref=1, room=place.room.pk)
    assert (await place.lines["bea"].until("typing"))["user"]["id"] == place.anna.pk
    for name, frames in (await place.heard_outside()).items():
        assert frames == [], name


async def test_presence_reaches_members_only(server: Server, place: Place) -> None:
    guest = await aside(make_user)
    await aside(members.invite, place.anna, place.room.pk, [guest.pk])
    async with talking(server, guest):
        server.node.announcer.tick(0)
        frame = await place.lines["bea"].until("presence", room=place.room.pk)
        assert guest.pk in frame["on"]
        # Whoever is not in the room is not counted there either.
        assert frame["online"] == 3
        for name, frames in (await place.heard_outside()).items():
            assert frames == [], name


async def test_how_far_somebody_has_read_is_told_to_their_own_devices_only(server: Server, place: Place) -> None:
    async with talking(server, place.bea) as phone:
        ack = await place.lines["bea"].ask(op="read", ref=1, room=place.room.pk, position=1)
        assert ack["type"] == "ack"
        assert await phone.until("read") == {"type": "read", "room": place.room.pk, "position": 1}
        assert [frame for frame in await place.lines["anna"].rest() if frame["type"] == "read"] == []
        for name, frames in (await place.heard_outside()).items():
            assert frames == [], name


async def test_being_added_and_removed_is_told_to_that_person_only(server: Server, place: Place) -> None:
    guest = await aside(make_user)
    async with talking(server, guest) as talk:
        await aside(members.invite, place.anna, place.room.pk, [guest.pk])
        assert (await talk.until("room.added"))["room"]["id"] == place.room.pk
        await aside(members.remove, place.anna, place.room.pk, guest.pk)
        await talk.until("room.removed", room=place.room.pk)
        for name in ("anna", "bea"):
            frames = await place.lines[name].rest()
            assert {"room.added", "room.removed"} & {frame["type"] for frame in frames} == set(), name
        for name, frames in (await place.heard_outside()).items():
            assert frames == [], name


async def test_a_socket_that_has_not_said_hello_hears_nothing(server: Server, place: Place) -> None:
    async with talking(server, place.bea, hello=False) as silent:
        await aside(post, place)
        await place.lines["bea"].until("message.posted", room=place.room.pk)
        reply = await silent.ask(op="ping", ref=1)
        assert (reply["type"], reply["code"]) == ("error", "hello_first")


async def test_what_outsiders_send_into_the_room_reaches_nobody(place: Place) -> None:
    for name in ("removed", "left", "elsewhere", "stranger"):
        talk = place.lines[name]
        for frame in (
            {"op": "typing", "room": place.room.pk},
            {"op": "post", "room": place.room.pk, "client_id": "00000000-0000-4000-8000-000000000001", "body": "boo"},
            {"op": "react", "message": place.message.pk, "emoji": "👻", "on": True},
            {"op": "edit", "message": place.message.pk, "body": "boo"},
            {"op": "delete", "message": place.message.pk},
            {"op": "invite", "room": place.room.pk, "users": [place.outsiders[name].pk]},
            {"op": "subscribe", "room": place.room.pk, "seq": 0},
        ):
            assert (await talk.ask(**frame, ref=1)).get("code") == "not_found", (name, frame)
    assert await place.lines["bea"].rest() == []
