"""Pages that are kept: always what would be read now, read once for all who ask, and never for who may not."""

import asyncio
import json
import threading
from typing import Any

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch
from klatch import commands, history, lookups, proof, protocol, queries, replies, serialize
from klatch.actions import members, rooms
from klatch.errors import NotFound
from klatch.models import Event, Membership, Room
from klatch.presence import presence
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.asking import Place, ask, asking, reader

PLACES = [{}, {"before": 4, "limit": 2}, {"after": 2, "limit": 2}]


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


async def test_as_long_as_nothing_is_committed_no_thread_is_asked_and_no_longer(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can say so without a visit")
    place = await aside(Place)
    rosa, ben, cleo = place.people
    private = asking(place.rooms[1])
    visits: list[Any] = []
    real = lookups.standing
    monkeypatch.setattr(lookups, "standing", lambda pairs: visits.append(pairs) or real(pairs))
    async with reader() as reads:
        first = await ask(reads, ben, private)  # proved, read, proved again
        await ask(reads, rosa, protocol.Rooms())
        visits.clear()
        assert await asyncio.gather(*[ask(reads, ben, private) for _ in range(3)]) == [first] * 3
        assert await ask(reads, rosa, protocol.Rooms()) == await ask(reads, rosa, protocol.Rooms())
        assert visits == []
        # Of somebody else nothing was proved; and nothing is remembered of who was refused.
        assert [await ask(reads, cleo, private) for _ in range(2)] == [NotFound] * 2
        assert len(visits) == 2
        await aside(place.do, "remove", 1, 1, 0)
        assert await ask(reads, ben, private) is NotFound
        assert [room["id"] for room in (await ask(reads, ben, protocol.Rooms()))["rooms"]] == [place.rooms[0].pk]


async def test_who_comes_online_is_in_the_next_list_though_nothing_was_committed(db: None) -> None:
    place = await aside(Place)
    rosa, ben, _ = place.people
    room = place.rooms[0].pk
    async with reader() as reads:
        before = await ask(reads, rosa, protocol.Rooms())
        presence.enter(room, ben.pk)
        try:
            after = await ask(reads, rosa, protocol.Rooms())
        finally:
            presence.leave(room, ben.pk)
    online = [{row["id"]: row["online"] for row in listed["rooms"]}[room] for listed in (before, after)]
    assert online == [0, 1]


def test_a_state_stands_until_anybody_commits_and_only_where_that_can_be_told_without_waiting(db: None) -> None:
    state = proof.state()
    if connection.vendor != "sqlite":
        assert not proof.stands(state)
        return
    assert proof.stands(state)
    assert not proof.stands(state._replace(ahead=False))
    assert not proof.stands(None)

    wrote, go_on = threading.Event(), threading.Event()

    def elsewhere() -> None:
        with transaction.atomic():
            make_user()
            wrote.set()
            go_on.wait(10)
        connections.close_all()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert wrote.wait(10)
    # Nothing is committed yet; and who writes is not waited for.
    assert proof.stands(state)
    assert thread.is_alive()
    go_on.set()
    thread.join()
    assert not proof.stands(state)
    state = proof.state()
    assert proof.stands(state)
    connection.close()
    assert not proof.stands(state)


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
