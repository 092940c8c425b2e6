"""Processes that are killed, frozen and restarted: checks 1, 2, 3, 24 and 30."""

import asyncio
import os
import signal

from tests.faults.storms import ROUNDS, Start, finish, storm, talkers
from tests.faults.talkers import Sent


async def test_check_1_processes_killed_while_people_write_lose_nothing(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop))
    for round_number in range(ROUNDS):
        await asyncio.sleep(0.7)
        server = here.servers[round_number % len(here.servers)]
        await asyncio.to_thread(server.restart, signal.SIGKILL)
    await asyncio.sleep(0.5)
    stop.set()
    await writing
    await finish(here, people)
    assert all(talker.returns for talker in people if len(here.servers) == 1)


async def test_check_2_killed_between_commit_and_ack_a_retry_gets_the_stored_message(place: Start) -> None:
    here = await asyncio.to_thread(place, fault="die-before-ack")
    people = await talkers(here)
    for number in range(10):
        await people[1].post(f"before {number}")
    sending: asyncio.Task[Sent] = asyncio.create_task(people[0].post("[die] but stay"))
    await asyncio.to_thread(here.servers[0].process.wait, 30)  # type: ignore[union-attr]
    here.servers[0].environment.pop("FAULT")
    await asyncio.to_thread(here.servers[0].start)
    sent = await sending
    rows = [row for row in (await asyncio.to_thread(here.stored)).values() if row["body"] == "[die] but stay"]
    assert len(rows) == 1
    assert (sent.ack["id"], sent.ack["seq"]) == (rows[0]["id"], rows[0]["seq"])
    await finish(here, people)


async def test_check_3_killed_between_ack_and_fan_out_everybody_still_gets_it(place: Start) -> None:
    here = await asyncio.to_thread(place, fault="die-before-fan-out")
    people = await talkers(here)
    for number in range(10):
        await people[1].post(f"before {number}")
    sent = await people[0].post("[die] unheard")
    assert sent.acked is not None
    await asyncio.to_thread(here.servers[0].process.wait, 30)  # type: ignore[union-attr]
    here.servers[0].environment.pop("FAULT")
    restarting = asyncio.create_task(asyncio.to_thread(here.servers[0].start))
    # Those on the other process do not wait for this one to come back.
    for talker in people:
        await talker.until(sent.ack["seq"], 20)
    await restarting
    if len(here.servers) > 1:
        elsewhere = people[1].messages[sent.ack["id"]][1] - sent.acked
        assert elsewhere < 5, elsewhere
    await finish(here, people)


async def test_check_24_a_frozen_process_comes_back_without_harm(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.05))
    await asyncio.sleep(0.5)
    process = here.servers[0].process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(float(os.environ.get("FAULT_FREEZE", "4")))
    process.send_signal(signal.SIGCONT)
    await asyncio.sleep(1)
    stop.set()
    await writing
    await finish(here, people)


async def test_check_30_a_rolling_restart_under_load_loses_nothing(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop))
    for server in here.servers:
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(server.stop) == 0
        await asyncio.to_thread(server.start)
    await asyncio.sleep(0.5)
    stop.set()
    await writing
    await finish(here, people)
    assert not any(sent.refused for talker in people for sent in talker.sent.values())
