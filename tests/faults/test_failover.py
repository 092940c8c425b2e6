"""PostgreSQL's copy takes over although it lacks what was acknowledged last: check 10."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Pair
from tests.faults.people import Person, heads, same_as_afresh, stored_messages
from tests.faults.place import Place
from tests.faults.proxy import Proxy
from tests.faults.storms import note


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


@pytest.fixture
def line(pair: Pair) -> Iterator[Proxy]:
    """Where the processes find the database, whichever it is."""
    made = Proxy(pair.socket(pair.first))
    yield made
    made.close()


@pytest.fixture
def here(pair: Pair, line: Proxy, tmp_path: Path) -> Iterator[Place]:
    made = Place("postgres", tmp_path)
    made.uri = f"postgresql://postgres@127.0.0.1:{line.port}/postgres"
    made.environment["KLATCH_DATABASE_URL"] = made.uri
    try:
        yield made.start()
    finally:
        made.stop()


async def until_more(people: list[Person], count: int) -> None:
    """Until so many messages more are acknowledged."""
    wanted = sum(len(person.acked) for person in people) + count
    async with asyncio.timeout(60):
        while sum(len(person.acked) for person in people) < wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_check_10_after_a_fail_over_with_loss_everybody_holds_what_is_stored(
    pair: Pair, line: Proxy, here: Place
) -> None:
    people = [Person(number, lambda: here.urls, token) for number, token in enumerate(here.tokens)]
    for person in people:
        await person.come()
    before = people[0].held.client.epoch
    calm = asyncio.Event()
    living = [asyncio.create_task(person.live(calm, [here.room], 0.05)) for person in people]
    await until_more(people, 10)
    await asyncio.to_thread(pair.behind)
    await until_more(people, 5)
    told = {key: value for person in people for key, value in person.acked.items()}
    began = time.monotonic()
    await asyncio.to_thread(pair.fail_over)
    line.target = pair.socket(pair.second)
    line.cut()
    up = time.monotonic()
    kept = await asyncio.to_thread(stored_messages, here)
    await until_more(people, 10)
    calm.set()
    await asyncio.gather(*living)
    calmed = time.monotonic()
    for person in people:
        async with asyncio.timeout(30):
            # Until its process has seen the take-over the numbers may be the same and what they stand for not.
            while person.held.client.epoch == before:
                await person.settle(lambda user: heads(here, user))
                await asyncio.sleep(0.02)
        await person.settle(lambda user: heads(here, user))
        await same_as_afresh(person, lambda user: heads(here, user))
    same = time.monotonic() - calmed
    stored = await asyncio.to_thread(stored_messages, here)
    lost = told.keys() - kept.keys()
    after = {key: value for person in people for key, value in person.acked.items() if key not in told}
    note(
        here, told=len(told), lost=len(lost), after=len(after), stored=len(stored), away=round(up - began, 2),
        all_the_same_after=round(same, 2),
    )  # fmt: skip
    # Else nothing was tried: the copy had to lack something, and people had to go on.
    assert lost
    assert after
    assert same < 30
    for person in people:
        await person.held.client.abort()
