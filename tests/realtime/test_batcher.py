"""Questions that come together are answered by one visit; nobody waits for another's fault."""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence

import pytest

from klatch.errors import NotFound
from klatch.realtime import batcher
from klatch.realtime.batcher import Batcher
from klatch.realtime.database import Database


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(threads=4)
    yield made
    made.close()


class Asked:
    """Answers n with 10 n, a visit that begins with a held number when that is let go. Refuses what is negative."""

    def __init__(self, database: Database, held: Iterable[int] = ()) -> None:
        self.visits: list[list[int]] = []
        self.held = {number: threading.Event() for number in held}
        self.begun = threading.Semaphore(0)
        self.tasks: list[asyncio.Task[None]] = []
        self.batcher = Batcher(
            database, self.answer, lambda visit: self.tasks.append(asyncio.get_running_loop().create_task(visit))
        )

    def answer(self, questions: Sequence[int]) -> list[int]:
        self.visits.append(list(questions))
        self.begun.release()
        if questions[0] in self.held:
            assert self.held[questions[0]].wait(10)
        if min(questions) < 0:
            raise NotFound
        return [10 * number for number in questions]

    def ask(self, number: int) -> "asyncio.Task[int]":
        return asyncio.get_running_loop().create_task(self.batcher.ask(number))

    async def under_way(self, number: int) -> "asyncio.Task[int]":
        asked = self.ask(number)
        assert await asyncio.to_thread(self.begun.acquire, timeout=10)
        return asked

    def let_go(self) -> None:
        for event in self.held.values():
            event.set()


async def test_who_asks_while_visits_are_under_way_is_answered_by_the_next(database: Database) -> None:
    asked = Asked(database, held=[1, 2])
    first, second = await asked.under_way(1), await asked.under_way(2)
    others = [asked.ask(number) for number in range(3, 100)]
    await asyncio.sleep(0)
    asked.let_go()
    assert await asyncio.gather(first, second, *others) == [10 * number for number in range(1, 100)]
    assert asked.visits[:2] == [[1], [2]]
    # Both visits go on at once with what waits.
    assert {len(visit) for visit in asked.visits[2:]} == {batcher.AT_ONCE, 97 - batcher.AT_ONCE}


async def test_who_asks_while_a_visit_is_brisk_waits_to_be_asked_for_with_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher, "SLOW_SECONDS", 60)
    asked = Asked(database, held=[1])
    first = await asked.under_way(1)
    others = [asked.ask(number) for number in range(2, 10)]
    await asyncio.sleep(0)
    asked.let_go()
    assert await asyncio.gather(first, *others) == [10 * number for number in range(1, 10)]
    assert asked.visits == [[1], list(range(2, 10))]


async def test_a_crowd_is_asked_for_in_few_visits_and_nobody_else_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher, "APART_SECONDS", 0.5)
    loop = asyncio.get_running_loop()
    asked = Asked(database)
    begun = loop.time()
    for number in range(3):
        assert await asked.ask(number) == 10 * number
    assert loop.time() - begun < 0.5
    await asyncio.gather(asked.ask(3), asked.ask(4))
    late = [asked.ask(5)]
    await asyncio.sleep(0.1)
    late.append(asked.ask(6))
    await asyncio.gather(*late)
    assert asked.visits[3:] == [[3, 4], [5, 6]]


async def test_a_slow_visit_does_not_keep_the_next_one_waiting(database: Database) -> None:
    asked = Asked(database, held=[1])
    slow = await asked.under_way(1)
    assert await asyncio.wait_for(asked.ask(2), 5) == 20
    assert not slow.done()
    asked.let_go()
    assert await slow == 10


async def test_what_fails_for_one_is_answered_for_the_others(database: Database) -> None:
    asked = Asked(database)
    answers = await asyncio.gather(*(asked.ask(number) for number in (1, -2, 3)), return_exceptions=True)
    assert answers[0] == 10
    assert isinstance(answers[1], NotFound)
    assert answers[2] == 30


async def test_who_has_gone_is_not_asked_for(database: Database) -> None:
    asked = Asked(database, held=[1, 2])
    under_way = [await asked.under_way(1), await asked.under_way(2)]
    gone, stays = asked.ask(3), asked.ask(4)
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    asked.let_go()
    assert await asyncio.gather(*under_way, stays) == [10, 20, 40]
    assert [4] in asked.visits
    assert all(3 not in visit for visit in asked.visits)
