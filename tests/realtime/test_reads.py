"""Pages that are kept: always what would be read now, read once for all who ask, and never for who may not."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch
from klatch import commands, history, protocol, queries, replies, serialize
from klatch.actions import members, messages, reactions, rooms
from klatch.errors import KlatchError, NotFound
from klatch.models import Event, Membership, Message, Room
from klatch.realtime.database import Database
from klatch.realtime.reads import Reads
from tests.conftest import Server, aside, make_room, make_user

PLACES = [{}, {"before": 4, "limit": 2}, {"after": 2, "limit": 2}]


@asynccontextmanager
async def reader() -> AsyncIterator[Reads]:
    database, tasks = Database(), set()

    def spawn(work: Any) -> None:
        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    made = Reads(database, spawn)
    yield made
    made.close()
    database.close()


def asking(room: Room, **place: int) -> Any:
    return protocol.parse(protocol.History, {"room": room.pk, **place})


async def ask(reads: Reads, user: Any, request: Any) -> Any:
    """The reply, or which refusal."""
    try:
        answer = reads.begin(user, request)
        assert answer is not None
        return json.loads(await answer)
    except KlatchError as refused:
        return type(refused)


def truth(user: Any, request: Any) -> Any:
    """The same page without anything kept: rows, rendered one by one."""
    if not Membership.objects.filter(user=user, room_id=request.room).exists():
        return NotFound
    page = history.page(request.room, commands.place(request))
    rows = {row.pk: row for row in queries.messages().filter(room_id=request.room)}
    given = queries.reactions_to(rows)
    reply = {
        "type": "history",
        "room": request.room,
        "messages": [serialize.message(rows[row.version.id], given[row.version.id]) for row in page.rows],
        "notices": [serialize.event(row) for row in page.notices],
        "start": page.start,
        "end": page.end,
        "seq": Room.objects.get(pk=request.room).seq,
    }
    return json.loads(protocol.encode(reply))


def listing(user: Any) -> list[tuple[str, bool, int]]:
    mine = set(Membership.objects.filter(user=user).values_list("room_id", flat=True))
    seen = [room for room in Room.objects.order_by("-active_at", "-pk") if room.pk in mine or room.kind == "open"]
    return [(room.name, room.pk in mine, room.seq) for room in seen]


class Place:
    """Three people, an open and a private room, and a list of things that may be done."""

    def __init__(self) -> None:
        self.people = [make_user() for _ in range(3)]
        rosa, ben, _ = self.people
        self.rooms = [make_room(rosa, ben), make_room(rosa, ben, kind="private")]
        for room in self.rooms:
            for number in range(4):
                klatch.post(room, rosa, f"word {number}")

    def do(self, what: str, who: int, where: int, which: int) -> None:
        user, room = self.people[who], self.rooms[where]
        posted = list(Message.objects.filter(room=room).order_by("pk"))
        message = posted[which % len(posted)]
        deeds: dict[str, Callable[[], Any]] = {
            "post": lambda: klatch.post(room, user, f"word of {who}"),
            "reply": lambda: klatch.post(room, user, f"word to {which}", reply_to=message),
            "edit": lambda: messages.edit(message.author, message.pk, f"word again {len(posted)} {message.rev}"),
            "delete": lambda: messages.delete(message.author, message.pk),
            "react": lambda: reactions.react(user, message.pk, "🎉", which % 2 == 0),
            "rename": lambda: rooms.change_room(
                self.people[0], room.pk, name=f"name {where} {message.rev} {len(posted)}"
            ),
            "join": lambda: members.join(user, room.pk),
            "leave": lambda: members.leave(user, room.pk),
            "invite": lambda: members.invite(self.people[0], room.pk, [user.pk]),
            "remove": lambda: members.remove(self.people[0], room.pk, user.pk),
        }
        with suppress(KlatchError):
            deeds[what]()


STEP = st.tuples(
    st.sampled_from(
        ["post", "post", "reply", "edit", "delete", "react", "rename", "join", "leave", "invite", "remove"]
    ),
    st.integers(0, 2),
    st.integers(0, 1),
    st.integers(0, 7),
)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=7))
def test_what_is_kept_is_what_would_be_read_whoever_did_what_and_in_whichever_process(
    db: None, steps: list[tuple[str, int, int, int]]
) -> None:
    async def play() -> None:
        place = await aside(Place)
        questions = [(user, asking(room, **at)) for user in place.people for room in place.rooms for at in PLACES]
        async with reader() as reads:
            for step in [None, *steps]:
                if step is not None:
                    # Beside the node, as another process would: nothing tells the reader of it.
                    await aside(place.do, *step)
                answers = await asyncio.gather(*[ask(reads, *question) for question in questions])
                wanted = await aside(lambda: [truth(*question) for question in questions])
                assert answers == wanted, step
                for user in place.people:
                    found = await ask(reads, user, protocol.Rooms())
                    there = [(room["name"], room["member"], room["seq"]) for room in found["rooms"]]
                    assert there == await aside(listing, user), step

    asyncio.run(play())


async def test_who_asks_together_is_answered_by_one_reading_and_later_ones_by_none(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await aside(Place)
    read: list[int] = []
    real = replies.of_history
    monkeypatch.setattr(replies, "of_history", lambda room, at: read.append(room) or real(room, at))
    rosa, ben, cleo = place.people
    newest, older = asking(place.rooms[0]), asking(place.rooms[0], before=4, limit=2)
    async with reader() as reads:
        answers = await asyncio.gather(*[ask(reads, user, newest) for user in (rosa, ben, rosa, ben)])
        assert (len(read), [len(answer["messages"]) for answer in answers]) == (1, [4, 4, 4, 4])
        assert await ask(reads, ben, newest) == answers[0]
        await ask(reads, ben, older)
        assert len(read) == 2
        # A stranger gets nothing of what is kept, and has nothing read.
        assert await ask(reads, cleo, newest) is NotFound
        assert len(read) == 2
        await aside(place.do, "post", 0, 0, 0)
        assert (await ask(reads, ben, newest))["messages"][-1]["position"] == 5
        # The page further up is untouched by a new message, but for the number that it is as of.
        assert (await ask(reads, ben, older))["seq"] == answers[0]["seq"] + 1
        assert len(read) == 3


async def test_who_asks_while_a_page_is_read_waits_for_it_and_gets_what_was_acknowledged_before(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await aside(Place)
    rosa, ben, _ = place.people
    newest = asking(place.rooms[0])
    real, read = replies.of_history, threading.Event()
    begun = asyncio.Event()
    loop, count = asyncio.get_running_loop(), []

    def slow(room: int, at: Any) -> Any:
        count.append(room)
        page = real(room, at)
        if len(count) == 1:
            loop.call_soon_threadsafe(begun.set)
            read.wait(10)
        return page

    monkeypatch.setattr(replies, "of_history", slow)
    async with reader() as reads:
        first = asyncio.ensure_future(ask(reads, rosa, newest))
        await begun.wait()
        await aside(place.do, "post", 0, 0, 0)
        later = [asyncio.ensure_future(ask(reads, ben, newest)) for _ in range(5)]
        await ask(reads, ben, protocol.Rooms())  # their proof is through
        read.set()
        assert [(await answer)["messages"][-1]["position"] for answer in later] == [5] * 5
        assert (await first)["messages"][-1]["position"] in (4, 5)
        assert len(count) == 2


async def test_who_is_removed_while_a_page_is_made_gets_nothing_of_it(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await aside(Place)
    rosa, ben, _ = place.people
    real = replies.of_history

    def slow(room: int, at: Any) -> Any:
        members.remove(rosa, room, ben.pk)
        klatch.post(room, rosa, "now that ben is gone")
        return real(room, at)

    monkeypatch.setattr(replies, "of_history", slow)
    async with reader() as reads:
        assert await ask(reads, ben, asking(place.rooms[1])) is NotFound
        monkeypatch.setattr(replies, "of_history", real)
        kept = await ask(reads, rosa, asking(place.rooms[1]))
        assert kept["messages"][-1]["body"] == "now that ben is gone"
        assert await ask(reads, ben, asking(place.rooms[1])) is NotFound


async def test_a_new_name_is_shown_at_once(server: Server) -> None:
    rosa = await aside(make_user)
    room = await aside(make_room, rosa)
    await aside(klatch.post, room, rosa, "hello")
    client = await server.connect(rosa)
    page = await client.request("history", room=room.pk)
    assert page["messages"][0]["author"]["name"] == rosa.first_name
    rosa.first_name = "Rosalind"
    await aside(rosa.save)
    await server.node.loop.run_in_executor(None, lambda: None)  # what was told meanwhile is heard
    page = await client.request("history", room=room.pk)
    assert page["messages"][0]["author"]["name"] == "Rosalind"


def test_what_is_told_of_an_event_in_a_notice_is_not_kept_beyond_the_next(db: None) -> None:
    rosa = make_user()
    room = make_room(rosa)
    klatch.post(room, rosa, "one")
    rooms.change_room(rosa, room.pk, name="new")
    klatch.post(room, rosa, "two")
    page = replies.of_history(room.pk, history.Place(2, None, None, 40))
    assert (Event.objects.filter(kind="room.changed").count(), page.moves) == (1, True)
