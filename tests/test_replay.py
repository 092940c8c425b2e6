"""What a client held before, plus the events, is what it would fetch after: for every action that appends events.

The events are taken twice, from the log as a resuming client gets them and from the relay as they were published live.
"""

import inspect
import json
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch.actions
from klatch import commands, protocol, queries, serialize
from klatch.actions import members, messages, reactions, rooms
from klatch.errors import KlatchError
from klatch.models import Message, Room
from klatch.relay import relay
from tests.conftest import make_user
from tests.frames import check
from tests.scenes import SCENES, WITHOUT, Stage
from tests.store import RecordingRelay, Store


@pytest.fixture(autouse=True)
def _recording(settings: Any) -> None:
    settings.KLATCH = {"RELAY": "tests.store.RecordingRelay", "RATE_LIMIT": False}


def published() -> RecordingRelay:
    kept = relay()
    assert isinstance(kept, RecordingRelay)
    return kept


def run(user: User, op: str, **fields: Any) -> dict[str, Any]:
    command = commands.COMMANDS[op]
    reply = command.run(user, protocol.parse(command.request, fields))
    return check(json.loads(protocol.encode(reply)))


def fetch(user: User) -> Store:
    """What a client of this person knows after a welcome, all of the history and all lists of members."""
    mine = [json.loads(protocol.encode(commands.my_room(row))) for row in queries.my_memberships(user)]
    store = Store(dict(serialize.user(user)), mine)
    for room in store.rooms:
        after = 0
        while True:
            page = run(user, "history", room=room, after=after, limit=7)
            store.load(page)
            if page["end"]:
                break
            after = page["messages"][-1]["position"]
        store.load_members(run(user, "members", room=room))
    return store


def public_actions() -> dict[str, Any]:
    found = {}
    for module in pkgutil.iter_modules(klatch.actions.__path__):
        loaded = import_module(f"klatch.actions.{module.name}")
        for name, member in vars(loaded).items():
            if inspect.isfunction(member) and not name.startswith("_") and member.__module__ == loaded.__name__:
                found[f"{module.name}.{name}"] = member
    return found


def test_every_action_has_a_scene_here_or_a_reason_for_none() -> None:
    assert set(public_actions()) == set(SCENES) | set(WITHOUT)
    assert not set(SCENES) & set(WITHOUT)


def test_an_action_without_a_scene_appends_no_events() -> None:
    for name in set(WITHOUT) - {"members.enter"}:
        source = inspect.getsource(public_actions()[name])
        assert "record(" not in source, name
        assert ".append(" not in source, name


def log_after(heads: dict[int, int]) -> list[dict[str, Any]]:
    """The frames of all rooms that a client at these heads has missed, as resume makes them."""
    return [
        json.loads(protocol.encode(serialize.event(row, given)))
        for room, seq in queries.heads(Room.objects.values_list("pk", flat=True)).items()
        for row, given in queries.events_between(room, heads.get(room, 0), seq)
    ]


def replayed(store: Store, user: User, frames: list[dict[str, Any]]) -> Store:
    for frame in frames:
        store.apply(frame)
        if frame["type"] == "member.left" and frame["user"]["id"] == user.pk:
            # What the server says right after, or a welcome by its silence.
            store.apply({"type": "room.removed", "room": frame["room"], "removed": frame["removed"]})
    for room in store.added:
        # What the server says right after somebody came into a room.
        mine = json.loads(protocol.encode(commands.my_room(queries.membership(user, room))))
        store.apply({"type": "room.added", "room": mine})
        store.load_members(run(user, "members", room=room))
        store.load(run(user, "history", room=room, limit=100))
    return store


SCENE_IDS = [f"{name}-{number}" for name, scenes in SCENES.items() for number, _ in enumerate(scenes)]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("scene", [scene for scenes in SCENES.values() for scene in scenes], ids=SCENE_IDS)
def test_before_plus_the_events_is_after_for(scene: Callable[[Stage], Any]) -> None:
    on = Stage()
    heads = queries.heads(Room.objects.values_list("pk", flat=True))
    lived = {person.pk: fetch(person) for person in on.people}
    resumed = {person.pk: fetch(person) for person in on.people}
    published().take()

    scene(on)

    envelopes = published().take()
    live = [json.loads(envelope.text or "") for envelope in envelopes if envelope.seq]
    logged = log_after(heads)
    assert sorted(live, key=lambda frame: (frame["room"], frame["seq"])) == sorted(
        logged, key=lambda frame: (frame["room"], frame["seq"])
    )
    for envelope, frame in zip([envelope for envelope in envelopes if envelope.seq], live, strict=True):
        check(frame)
        assert (envelope.kind, envelope.room, envelope.seq) == (frame["type"], frame["room"], frame["seq"])
    personal = [
        (envelope.user, check(json.loads(envelope.text or ""))) for envelope in envelopes if envelope.kind == "personal"
    ]
    assert envelopes, "this scene says nothing to anybody"
    for person in on.people:
        mine = [frame for user, frame in personal if user == person.pk]
        after = fetch(person).state()
        assert replayed(lived[person.pk], person, live + mine).state() == after, f"live, {person.username}"
        # A resuming client is told its read positions by the welcome.
        assert replayed(resumed[person.pk], person, logged + mine).state() == after, f"resumed, {person.username}"


@pytest.mark.usefixtures("db")
def test_nothing_is_published_and_nothing_numbered_when_the_transaction_is_rolled_back() -> None:
    on = Stage()
    published().take()
    heads = queries.heads([on.room.pk])
    with transaction.atomic():
        messages.post(on.room, on.rosa, "never said")
        transaction.set_rollback(True)
    assert published().take() == []
    assert queries.heads([on.room.pk]) == heads


@pytest.mark.usefixtures("db")
def test_a_frame_with_a_field_that_is_not_declared_fails_here() -> None:
    on = Stage()
    (frame,) = log_after({on.room.pk: on.room.seq, on.other.pk: 10**6})[:1]
    check(frame)
    for broken in (frame | {"extra": 1}, frame | {"actor": frame["actor"] | {"email": "x"}}, frame | {"seq": "1"}):
        with pytest.raises((AssertionError, ValueError)):
            check(broken)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["post", "reply", "edit", "delete", "react", "unreact", "leave", "join", "rename", "remove"]),
        st.integers(0, 2),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=12,
)


def move(on: Stage, what: str, person: User, number: int) -> None:
    known = list(Message.objects.filter(room=on.room).order_by("pk"))
    message = known[number % len(known)]
    match what:
        case "post" | "reply":
            reply_to = message.pk if what == "reply" else None
            messages.post(on.room, person, f"Nachricht {number}", reply_to=reply_to)
        case "edit":
            messages.edit(person, message.pk, f"geändert {number}")
        case "delete":
            messages.delete(person, message.pk)
        case "react" | "unreact":
            reactions.react(person, message.pk, "🎉👍☕"[number % 3], what == "react")
        case "leave":
            members.leave(person, on.room.pk)
        case "join":
            members.join(person, on.room.pk)
        case "rename":
            rooms.change_room(person, on.room.pk, name=f"Name {number}")
        case "remove":
            members.remove(person, on.room.pk, on.people[number % 4].pk)


@pytest.mark.usefixtures("db")
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, cut=st.integers(0, 11))
def test_any_sequence_replays_whether_followed_live_or_resumed_anywhere(
    moves: list[tuple[str, int, int]], cut: int
) -> None:
    # One transaction an example, so that each starts from nothing.
    with transaction.atomic():
        on = Stage()
        watcher = make_user("watcher")
        members.join(watcher, on.room.pk)
        everybody = fetch(watcher)
        live, resumed = fetch(watcher), fetch(watcher)
        heads = {key: room["seq"] for key, room in everybody.rooms.items()}
        for step, (what, who, number) in enumerate(moves):
            try:
                with transaction.atomic():
                    move(on, what, on.people[who], number)
            except KlatchError:
                continue
            for frame in log_after(heads):
                live.apply(check(frame))
            if step <= cut:
                for frame in log_after(heads):
                    resumed.apply(frame)
        everything = [frame for frame in log_after(heads) if frame["room"] == on.room.pk]
        assert [frame["seq"] for frame in everything] == list(
            range(heads[on.room.pk] + 1, heads[on.room.pk] + 1 + len(everything))
        )
        for frame in everything:
            resumed.apply(frame)
            everybody.apply(frame)
        after = fetch(watcher).state()
        assert live.state() == after
        assert resumed.state() == after
        assert everybody.state() == after
        transaction.set_rollback(True)
