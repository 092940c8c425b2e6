"""What is told between processes is lost, late, twice or in another order: checks 14, 15 and 16."""

import asyncio
import os

import psycopg
import pytest

from tests.faults.storms import SECONDS, Start, finish, lateness, storm, talkers


async def test_check_14_the_last_message_is_found_though_nobody_was_told_of_it(place: Start) -> None:
    here = await asyncio.to_thread(place, fault="mute-relay")
    people = await talkers(here)
    late = []
    for number in range(int(os.environ.get("FAULT_ROUNDS", "3"))):
        for count in range(4):
            await people[0].post(f"heard {number}-{count}")
        sent = await people[0].post(f"[hush] {number}, then silence")
        assert sent.acked is not None
        for talker in people:
            await talker.until(sent.ack["seq"], 10)
        late.append(max(talker.messages[sent.ack["id"]][1] - sent.acked for talker in people))
    assert max(late) <= 5, late
    await finish(here, people, late=[round(seconds, 2) for seconds in late])


@pytest.mark.parametrize("kind", ["postgres"])
async def test_check_15_a_bus_that_loses_repeats_and_reorders_changes_nothing(place: Start) -> None:
    here = await asyncio.to_thread(place, faults="lossy-relay=11")
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop))
    await asyncio.sleep(SECONDS)
    stop.set()
    await writing
    head = max(row["seq"] for row in (await asyncio.to_thread(here.stored)).values())
    for talker in people:
        await talker.until(head, 10)
    late = lateness(people)
    assert late[int(len(late) * 0.99)] < 5, late[-5:]
    await finish(here, people, median=late[len(late) // 2], p99=late[int(len(late) * 0.99)], last=late[-1])


@pytest.mark.parametrize("kind", ["postgres"])
async def test_check_16_nobody_sees_a_number_before_the_one_below_it(place: Start) -> None:
    here = await asyncio.to_thread(place, faults="slow-commits=0.02")
    people = await talkers(here)
    stop = asyncio.Event()
    looks = 0

    def read_along() -> None:
        nonlocal looks
        with psycopg.connect(here.uri, autocommit=True) as line:
            while not stop.is_set():
                for table in ("event", "message"):
                    row = line.execute(
                        f"SELECT count(seq), min(seq), max(seq) FROM klatch_{table} WHERE room_id = %s AND seq > %s",
                        [here.room, people[0].start_number],
                    ).fetchone()
                    assert row is not None
                    assert row[0] == 0 or (row[1] == people[0].start_number + 1 and row[2] - row[1] + 1 == row[0]), row
                looks += 1

    writing = asyncio.create_task(storm(people, stop, pause=0))
    reading = asyncio.create_task(asyncio.to_thread(read_along))
    await asyncio.wait({reading}, timeout=SECONDS)
    stop.set()
    await writing
    await reading
    assert looks > 10
    await finish(here, people, looks=looks)
