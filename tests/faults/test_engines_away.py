"""PostgreSQL restarts, Valkey restarts, forgets, hangs up and stays away: checks 9, 12 and 13."""

import asyncio
import itertools
import os
import time

import pytest
import redis

from klatch.client import Client
from tests import engines
from tests.faults.cluster import restart_postgres
from tests.faults.place import Place
from tests.faults.storms import SECONDS, Start, finish, lateness, storm, talkers
from tests.faults.talkers import Talker
from tests.server.browsing import Browser

pytestmark = pytest.mark.parametrize("kind", ["postgres"])


async def all_here(here: Place, people: list[Talker], seconds: float = 15) -> None:
    head = max(row["seq"] for row in (await asyncio.to_thread(here.stored)).values())
    for talker in people:
        await talker.until(head, seconds)


async def test_check_9_a_restarted_postgresql_costs_retries_and_no_message(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.05))
    recovery, away = [], []
    for mode in ("fast", "immediate") * int(os.environ.get("FAULT_ROUNDS", "1")):
        await asyncio.sleep(1.5)
        began = time.monotonic()
        await asyncio.to_thread(restart_postgres, mode)
        up = time.monotonic()
        away.append(round(up - began, 2))
        key = f"after {mode} {up}"
        sents = await asyncio.gather(*[talker.post(key) for talker in people])
        recovery.append(round(max(sent.acked or 0 for sent in sents) - up, 2))
    await asyncio.sleep(0.5)
    stop.set()
    await writing
    await all_here(here, people)
    assert max(recovery) < 10, recovery
    assert not any(sent.refused for talker in people for sent in talker.sent.values())
    await finish(here, people, away=away, recovery=recovery)


async def test_check_12_a_valkey_that_restarts_forgets_and_hangs_up_delays_nothing_for_long(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.03))

    def hurt(how: int) -> None:
        if how == 0:
            engines.valkey().stop()
            time.sleep(0.5)
            engines.valkey().start()
            return
        with redis.Redis.from_url(engines.valkey().url) as line:
            if how == 1:
                line.flushall()
            else:
                for kind in ("pubsub", "normal"):
                    line.client_kill_filter(_type=kind, skipme=True)

    deadline = time.monotonic() + max(12, SECONDS)
    hurts = 0
    for how in itertools.cycle(range(3)):
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(2)
        await asyncio.to_thread(hurt, how)
        hurts += 1
    stop.set()
    await writing
    await all_here(here, people)
    late = lateness(people)
    assert late[int(len(late) * 0.99)] < 5, late[-5:]
    assert not any(talker.returns for talker in people)
    await finish(here, people, hurts=hurts, median=late[len(late) // 2], p99=late[int(len(late) * 0.99)], last=late[-1])


async def test_check_13_without_valkey_others_are_reached_through_the_log(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    engines.valkey().stop()
    ready = ""
    try:
        stop = asyncio.Event()
        writing = asyncio.create_task(storm(people, stop, pause=0.05))
        await asyncio.sleep(float(os.environ.get("FAULT_AWAY", "20")))
        ready = (await asyncio.to_thread(Browser(here.urls[0]).get, "/readyz")).text
        # Who comes in the meantime is served as well.
        async with Client(here.urls[1], token=here.tokens[0]) as newcomer:
            assert here.room in newcomer.rooms
        stop.set()
        await writing
        await all_here(here, people)
    finally:
        engines.valkey().start()
    late = lateness(people)
    acked = {sent.ack["id"]: (number % 2, sent.acked or 0) for number, talker in enumerate(people)
             for sent in talker.sent.values()}  # fmt: skip
    beside = sorted(
        came - acked[key][1]
        for number, talker in enumerate(people)
        for key, (_, came) in talker.messages.items()
        if acked[key][0] == number % 2
    )
    assert late[-1] < 5, late[-5:]
    assert beside[int(len(beside) * 0.99)] < 1, beside[-5:]
    assert not any(talker.returns for talker in people)
    # Back at once when it is back.
    await asyncio.sleep(2)
    sent = await people[0].post("and there it is again")
    await people[1].until(sent.ack["seq"], 5)
    again = people[1].messages[sent.ack["id"]][1] - (sent.acked or 0)
    assert again < 1.5
    await finish(
        here, people, beside_p99=beside[int(len(beside) * 0.99)], across_p99=late[int(len(late) * 0.99)],
        last=late[-1], again=again, readyz=ready[:80],
    )  # fmt: skip
