"""Searches that wait together: one way to the thread, everybody their own answer, nobody behind another's many."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

import klatch
from klatch import commands, protocol
from klatch.actions import members
from klatch.errors import NotFound, Unavailable
from klatch.realtime import searches
from klatch.realtime.database import Database
from klatch.realtime.searches import Searches
from tests.conftest import aside, make_room, make_user
from tests.realtime.asking import ask, reader


class Desk:
    """Stands for the search itself: notes who is served, has a clock of its own, waits while the door is shut."""

    def __init__(self) -> None:
        self.served: list[tuple[int, str]] = []
        self.visits: list[int] = []
        self.door = threading.Event()
        self.door.set()
        self.now = 0.0

    def search(self, user: Any, request: protocol.Search) -> str:
        self.door.wait(5)
        self.served.append((user.pk, request.q))
        if request.q == "forbidden":
            raise NotFound
        if request.q == "broken":
            raise ZeroDivisionError
        if request.q == "slow":
            self.now += 2 * searches.SECONDS
        return f"{user.pk} {request.q}"

    def run(self, some: Any) -> Any:
        self.visits.append(len(some))
        return run(some)


run = searches._run
ROSA, BEN = SimpleNamespace(pk=1), SimpleNamespace(pk=2)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(commands, "search", made.search)
    monkeypatch.setattr(searches, "_run", made.run)
    monkeypatch.setattr(searches, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


@pytest.fixture
def database() -> Any:
    made = Database(threads=1)
    yield made
    made.close()


async def asked(queue: Searches, *wanted: tuple[Any, str]) -> list[Any]:
    answers = [queue.begin(user, protocol.Search(q=q)) for user, q in wanted]
    return await asyncio.gather(*answers, return_exceptions=True)


async def test_who_asks_together_is_served_by_one_visit_each_with_their_own_answer(desk: Desk, database: Any) -> None:
    queue = Searches(database, asyncio.ensure_future)
    people = [SimpleNamespace(pk=number) for number in range(searches.AT_ONCE)]
    assert await asked(queue, *((user, f"q{user.pk}") for user in people)) == [f"{n} q{n}" for n in range(len(people))]
    assert desk.visits == [len(people)]
    assert await asked(queue, (ROSA, "later")) == ["1 later"]


async def test_who_asks_much_lets_others_in_between(desk: Desk, database: Any) -> None:
    queue = Searches(database, asyncio.ensure_future)
    desk.door.clear()
    many = [queue.begin(ROSA, protocol.Search(q=f"{number}")) for number in range(30)]
    await asyncio.sleep(0)
    one = queue.begin(BEN, protocol.Search(q="once"))
    desk.door.set()
    await one
    assert desk.served.index((2, "once")) <= 2
    await asyncio.gather(*many)
    assert [q for person, q in desk.served if person == 1] == [f"{number}" for number in range(30)]


async def test_a_refusal_or_a_failure_is_its_own_and_the_others_are_answered(desk: Desk, database: Any) -> None:
    queue = Searches(database, asyncio.ensure_future)
    wanted = [(SimpleNamespace(pk=n), q) for n, q in enumerate(["a", "forbidden", "broken", "b", "broken", "c"])]
    answers = await asked(queue, *wanted)
    assert [answer if isinstance(answer, str) else type(answer) for answer in answers] == [
        *("0 a", NotFound, ZeroDivisionError, "3 b", ZeroDivisionError, "5 c"),
    ]
    assert await asked(queue, (ROSA, "again")) == ["1 again"]


async def test_who_waits_with_slow_ones_is_answered_before_the_next_of_them(desk: Desk, database: Any) -> None:
    queue = Searches(database, asyncio.ensure_future)
    answers = [queue.begin(SimpleNamespace(pk=n), protocol.Search(q=q)) for n, q in enumerate(["a", "slow", "slow"])]
    await answers[1]
    assert (answers[0].done(), answers[2].done()) == (True, False)
    await answers[2]
    assert desk.visits == [3, 1]


async def test_a_database_that_is_away_is_said_to_everybody_and_asked_again_later(
    desk: Desk, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable

    queue = Searches(database, asyncio.ensure_future)
    with monkeypatch.context() as silent:
        silent.setattr(database, "read", away)
        assert [type(answer) for answer in await asked(queue, (ROSA, "a"), (BEN, "b"))] == [Unavailable, Unavailable]
    assert await asked(queue, (ROSA, "a")) == ["1 a"]


async def test_everybody_finds_what_is_theirs_and_who_was_removed_nothing(db: None) -> None:
    def make() -> Any:
        rosa, ben = make_user(), make_user()
        room = make_room(rosa, ben, kind="private")
        klatch.post(room, rosa, "apples")
        return rosa, ben, make_user(), room

    rosa, ben, stranger, room = await aside(make)
    search = protocol.parse(protocol.Search, {"q": "app"})
    inside = protocol.parse(protocol.Search, {"q": "app", "room": room.pk})
    async with reader() as reads:
        if reads.begin(rosa, search) is None:
            pytest.skip("searches go their own way here")
        wanted = [(user, request) for user in (rosa, ben, stranger) for request in (search, inside)]
        answers = await asyncio.gather(*(ask(reads, user, request) for user, request in wanted))
        found = [answer if isinstance(answer, type) else len(answer["results"]) for answer in answers]
        assert found == [1, 1, 1, 1, 0, NotFound]
        await aside(members.remove, rosa, room.pk, ben.pk)
        assert (await ask(reads, ben, search))["results"] == []
        assert await ask(reads, ben, inside) is NotFound
