"""Questions that come together are answered by one visit; nobody waits for another's fault."""

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from klatch.errors import NotFound
from klatch.realtime import together
from klatch.realtime.database import Database
from klatch.realtime.together import Together


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(threads=4)
    yield made
    made.close()


class Asked:
    """Answers n with 10 n; visits wait until they are let go. Refuses what is negative, with all that came along."""

    def __init__(self, database: Database) -> None:
        self.visits: list[list[int]] = []
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)
        self.tasks: list[asyncio.Task[None]] = []
        self.together = Together(
            database, self.answer, lambda visit: self.tasks.append(asyncio.get_running_loop().create_task(visit))
        )

    def answer(self, questions: Sequence[int]) -> list[int]:
        self.visits.append(list(questions))
        self.begun.release()
        assert self.go.wait(10)
        if min(questions) < 0:
            raise NotFound
        return [10 * number for number in questions]

    def ask(self, number: int) -> "asyncio.Task[int]":
        return asyncio.get_running_loop().create_task(self.together.ask(number))

    async def visited(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=10)


async def test_who_asks_while_visits_are_under_way_is_answered_by_the_next(database: Database) -> None:
    asked = Asked(database)
    first = asked.ask(1)
    await asked.visited()
    second = asked.ask(2)
    await asked.visited()
    others = [asked.ask(number) for number in range(3, 100)]
    await asyncio.sleep(0)
    asked.go.set()
    assert await asyncio.gather(first, second, *others) == [10 * number for number in range(1, 100)]
    assert asked.visits[:2] == [[1], [2]]
    # Both visits go on at once with what waits.
    assert {len(visit) for visit in asked.visits[2:]} == {together.AT_ONCE, 97 - together.AT_ONCE}


async def test_a_slow_visit_does_not_keep_the_next_one_waiting(database: Database) -> None:
    asked = Asked(database)
    slow = asked.ask(1)
    await asked.visited()
    quick = asked.ask(2)
    await asked.visited()
    assert not slow.done()
    asked.go.set()
    assert [await slow, await quick] == [10, 20]


async def test_what_fails_for_one_is_answered_for_the_others(database: Database) -> None:
    asked = Asked(database)
    asked.go.set()
    answers = await asyncio.gather(*(asked.ask(number) for number in (1, -2, 3)), return_exceptions=True)
    assert answers[0] == 10
    assert isinstance(answers[1], NotFound)
    assert answers[2] == 30


async def test_who_has_gone_is_not_asked_for(database: Database) -> None:
    asked = Asked(database)
    under_way = [asked.ask(1)]
    await asked.visited()
    under_way.append(asked.ask(2))
    await asked.visited()
    gone, stays = asked.ask(3), asked.ask(4)
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    asked.go.set()
    assert await asyncio.gather(*under_way, stays) == [10, 20, 40]
    assert [4] in asked.visits
    assert all(3 not in visit for visit in asked.visits)
