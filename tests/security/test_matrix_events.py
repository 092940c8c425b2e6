"""The matrix of what is told: every type of frame × everybody, live, on resuming and after a lost envelope.

Who must not hear is asked as carefully as who must.
"""

import ast
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

import klatch
from klatch import log
from klatch.actions import members, messages, reactions, rooms
from klatch.models import Event
from tests.conftest import Server, aside, make_token, make_user
from tests.frames import TYPES
from tests.realtime.lines import Line, eventually, line, log_in, talking
from tests.security.standings import INSIDE, OUTSIDE, SAID, Around, surroundings
from tests.security.table import ROWS
from tests.security.test_matrix_requests import REST_ONLY

# Said to whoever asked, on that connection alone.
REPLIES = {
    "welcome", "ready", "reset", "subscribed", "pong", "error", "ack",
    "room", "history", "results", "rooms", "members", "people",
}  # fmt: skip
# All are members: a second login of the owner that may only read, and a device that has left the room off.
LINES = (*INSIDE, *OUTSIDE, "author", "newcomer", "owner's token for reading", "member's second device",
         "member who left it off")  # fmt: skip
ROOM = {*INSIDE, "author", "owner's token for reading", "member's second device"}
OWN_DEVICES = {"member", "member's second device", "member who left it off"}

Cause = Callable[[Around], object]


def everything_reacted(on: Around) -> None:
    reactions.react(on["author"], on.message.pk, "🤫", True)
    reactions.react(on["author"], on.message.pk, "🤫", False)


def raised(on: Around) -> None:
    members.change_role(on["owner"], on.room.pk, on["second"].pk, "owner")


async def types(server: Server, on: Around, talks: dict[str, Line]) -> None:
    await talks["owner"].send(op="typing", ref=1, room=on.room.pk)
    await talks["owner"].rest()


async def reads(server: Server, on: Around, talks: dict[str, Line]) -> None:
    # On a line of its own: whoever waits for an answer drops what comes before it.
    async with talking(server, on["member"]) as third:
        await third.ask(op="unread", ref=1, room=on.room.pk, position=1)


async def comes_online(server: Server, on: Around, talks: dict[str, Line]) -> None:
    async with talking(server, on["second"]):
        server.node.announcer.tick(0)


async def lets_in(server: Server, on: Around, talks: dict[str, Line]) -> None:
    await aside(members.invite, on["owner"], on.room.pk, [on["newcomer"].pk])
    # What the room is like is read first, so what happens in the corner meanwhile may be told before it.
    there = list(server.node.hub.users.get(on["newcomer"].pk, ()))
    await eventually(lambda: all(on.room.pk in one.rooms and on.room.pk not in one.held for one in there))


def on_disk(cause: Cause) -> Any:
    async def run(server: Server, on: Around, talks: dict[str, Line]) -> None:
        await aside(cause, on)

    return run


# Type → what brings it about, and who hears it, in the order in which it can happen.
TOLD: dict[str, tuple[Any, set[str]]] = {
    "typing": (types, ROOM),
    "presence": (comes_online, ROOM),
    "read": (reads, OWN_DEVICES),
    Event.Kind.MESSAGE_POSTED: (on_disk(lambda on: messages.post(on.room.pk, on["author"], SAID)), ROOM),
    Event.Kind.MESSAGE_EDITED: (on_disk(lambda on: messages.edit(on["author"], on.message.pk, f"{SAID}!")), ROOM),
    Event.Kind.REACTION_ADDED: (on_disk(everything_reacted), ROOM),
    Event.Kind.REACTION_REMOVED: (on_disk(everything_reacted), ROOM),
    Event.Kind.MEMBER_CHANGED: (on_disk(raised), ROOM),
    # The newcomer's list of rooms begins with the room as it then is: what brought them in is not news to them.
    "room.added": (lets_in, {"newcomer"}),
    Event.Kind.MEMBER_JOINED: (
        on_disk(lambda on: members.invite(on["owner"], on.room.pk, [make_user().pk])), ROOM | {"newcomer"},
    ),
    # The last that they hear of it.
    Event.Kind.MEMBER_LEFT: (
        on_disk(lambda on: members.remove(on["owner"], on.room.pk, on["newcomer"].pk)), ROOM | {"newcomer"},
    ),
    "room.removed": (
        on_disk(lambda on: members.remove(on["owner"], on.room.pk, on["supermember"].pk)), {"supermember"},
    ),
    Event.Kind.MESSAGE_DELETED: (
        on_disk(lambda on: messages.delete(on["author"], on.message.pk)), ROOM - {"supermember"},
    ),
    Event.Kind.ROOM_CHANGED: (
        on_disk(lambda on: rooms.change_room(on["owner"], on.room.pk, name="hush", archived=True)),
        ROOM - {"supermember"},
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    settings.KLATCH = {"RATE_LIMIT": False}


@pytest.fixture
async def on(server: Server) -> Around:
    return await aside(surroundings, "private")


@pytest.fixture
async def talks(server: Server, on: Around) -> AsyncIterator[dict[str, Line]]:
    async with AsyncExitStack() as stack:
        made = {name: await stack.enter_async_context(talking(server, on[name])) for name in LINES if name in on.people}
        reader = f"Bearer {await aside(make_token, on['owner'], 'read')}"
        made["owner's token for reading"] = await stack.enter_async_context(line(server, authorization=reader))
        cookie = await aside(log_in, on["member"])
        for name in ("member's second device", "member who left it off"):
            made[name] = await stack.enter_async_context(line(server, cookie=cookie, origin=server.url))
        for name in made.keys() - on.people.keys():
            await made[name].hello()
        await made["member who left it off"].ask(op="unsubscribe", ref=1, room=on.room.pk)
        server.node.announcer.tick(0)
        await heard(on, made)
        yield made


async def heard(on: Around, talks: dict[str, Line]) -> dict[str, list[dict[str, Any]]]:
    """What each got of the room, up to an event in the corner where all are: whatever was on its way has come."""
    await aside(messages.post, on.corner.pk, on["author"], "the barrier")
    found = {}
    for name, talk in talks.items():
        frames = []
        while (frame := await talk.next())["type"] != "message.posted" or frame["room"] != on.corner.pk:
            frames.append(frame)
        found[name] = [frame for frame in frames if _room(frame) == on.room.pk]
    return found


def _room(frame: dict[str, Any]) -> Any:
    room = frame.get("room")
    return room["id"] if isinstance(room, dict) else room


# Complete by construction


def test_every_type_of_frame_is_told_to_somebody_here_or_is_a_reply() -> None:
    assert set(TOLD) | REPLIES == set(TYPES) | set(Event.Kind.values)
    assert set(TOLD) & REPLIES == set()


def test_the_code_speaks_of_no_other_type() -> None:
    spoken = set()
    for file in Path(klatch.__file__).parent.rglob("*.py"):
        if file.parent.name == "api":  # speaks of types in its schema, and makes no frames
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                spoken |= {
                    value.value
                    for key, value in pairs
                    if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
                }
    assert {"typing", "presence", "read", "room.added", "room.removed", "ack"} <= spoken
    # What is said to the ASGI server, and to a Channels layer.
    spoken = {kind for kind in spoken if not kind.startswith(("websocket.", "lifespan.", "http."))} - {"klatch.batch"}
    # Takes the number of a damaged row of the log, and says nothing.
    spoken -= {"unreadable"}
    spoken -= {"websocket"}  # the kind of an ASGI scope
    assert spoken <= set(TOLD) | REPLIES


# Live


async def test_each_type_is_heard_by_exactly_those_whom_it_is_for(
    server: Server, on: Around, talks: dict[str, Line]
) -> None:
    for kind, (cause, expected) in TOLD.items():
        await cause(server, on, talks)
        found = await heard(on, talks)
        assert {name for name, frames in found.items() if any(f["type"] == kind for f in frames)} == expected, kind
        assert {name for name in OUTSIDE if found[name]} == set(), kind


async def test_who_is_not_in_the_room_is_not_counted_there(server: Server, on: Around, talks: dict[str, Line]) -> None:
    async with talking(server, on["second"]):
        server.node.announcer.tick(0)
        (frame,) = [frame for frame in (await heard(on, talks))["member"] if frame["type"] == "presence"]
        assert frame["on"] == [on["second"].pk]
        assert frame["online"] == len(INSIDE) + 2  # the author, and who has just come


async def test_a_socket_that_has_not_said_hello_hears_nothing(
    server: Server, on: Around, talks: dict[str, Line]
) -> None:
    async with talking(server, on["member"], hello=False) as silent:
        await aside(messages.post, on.room.pk, on["author"], SAID)
        await heard(on, talks)
        reply = await silent.ask(op="ping", ref=1)
        assert (reply["type"], reply["code"]) == ("error", "hello_first")


async def test_what_outsiders_send_into_the_room_reaches_nobody(on: Around, talks: dict[str, Line]) -> None:
    refused = [row for row in ROWS.values() if row.op not in REST_ONLY and "not_found" in row.says("private").values()]
    for name in OUTSIDE:
        for row in refused:
            if row.says("private")[name] == "not_found":
                await talks[name].send(op=row.op, ref=1, **row.fields(on, name))
        # What writes is done in order: once this is answered, so is all before it.
        await talks[name].ask(op="read_all", ref=2)
    assert (await heard(on, talks))["member"] == []


# Later


async def test_who_comes_back_is_told_what_they_missed_only_where_they_belong(server: Server, on: Around) -> None:
    for kind, (cause, _) in TOLD.items():
        if kind in Event.Kind.values or kind == "room.added":
            await cause(server, on, {})
    epoch = str(await aside(log.epoch))
    for name in (*INSIDE, *OUTSIDE, "newcomer"):
        async with talking(server, on[name], hello=False) as back:
            welcome = await back.hello(epoch, {on.room.pk: 0})
            there = on.room.pk in [room["id"] for room in welcome["rooms"]]
            missed = {frame["type"] for frame in back.missed if _room(frame) == on.room.pk}
            assert (there, missed) == ((True, set(Event.Kind.values)) if name in INSIDE else (False, set())), name
            if name not in INSIDE:
                assert [word for word in on.hidden if word in str((welcome, back.missed))] == []


async def test_what_was_lost_on_the_way_is_fetched_for_members_only(
    server: Server, on: Around, talks: dict[str, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One envelope in two of the room's is lost: each process fills the hole from the log, for who belongs there."""
    receive, lost = server.node.delivery.receive, []

    def forgetful(room: int, envelopes: Any) -> None:
        if room == on.room.pk and not lost:
            lost.extend(envelopes)
        else:
            receive(room, envelopes)

    monkeypatch.setattr(server.node.delivery, "receive", forgetful)
    for number in range(2):
        await aside(messages.post, on.room.pk, on["author"], f"{SAID} {number}")
    assert len(lost) == 1
    for name in ROOM:
        for _ in range(2):
            await talks[name].until("message.posted", room=on.room.pk)
    found = await heard(on, talks)
    assert {name for name in OUTSIDE if found[name]} == set()
