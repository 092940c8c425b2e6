"""Lines that swallow everything without an end: checks 22 and 23."""

import asyncio
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from psycopg.conninfo import conninfo_to_dict

from klatch.client import Client
from tests import engines
from tests.faults.cluster import postgres_socket
from tests.faults.place import Place
from tests.faults.proxy import Proxy
from tests.faults.storms import Start, finish, lateness, note, storm, talkers
from tests.faults.talkers import Talker

AWAY = float(os.environ.get("FAULT_AWAY", "12"))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


async def caught_up(here: Place, people: list[Talker]) -> None:
    head = max(row["seq"] for row in (await asyncio.to_thread(here.stored)).values())
    for talker in people:
        await talker.until(head, 30)


@pytest.mark.parametrize("kind", ["postgres"])
async def test_check_22_a_silent_line_to_valkey_leaves_delivery_to_the_log(place: Start, proxy: Proxy) -> None:
    proxy.target = ("127.0.0.1", engines.valkey().port)
    here = await asyncio.to_thread(place, first=lambda _: {"KLATCH_RELAY_URL": f"redis://127.0.0.1:{proxy.port}/0"})
    people = await talkers(here)
    proxy.blackhole()
    late = []
    until = time.monotonic() + AWAY
    while time.monotonic() < until:
        for number in (0, 1):
            sent = await people[number].post(f"across the silence {time.monotonic()}")
            await people[1 - number].until(sent.ack["seq"], 10)
            late.append(people[1 - number].messages[sent.ack["id"]][1] - (sent.acked or 0))
    proxy.blackhole(False)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.05))
    await asyncio.sleep(2)
    stop.set()
    await writing
    await caught_up(here, people)
    assert max(late) <= 5, late
    assert not any(talker.returns for talker in people)
    await finish(here, people, late=[round(seconds, 2) for seconds in late])


@pytest.mark.parametrize("kind", ["postgres"])
async def test_check_22_a_silent_line_to_postgresql_moves_people_to_the_other_process(
    place: Start, proxy: Proxy
) -> None:
    proxy.target = postgres_socket()

    def through(here: Place) -> dict[str, str]:
        parts = conninfo_to_dict(here.uri)
        return {"KLATCH_DATABASE_URL": f"postgresql://{parts['user']}@127.0.0.1:{proxy.port}/{parts['dbname']}"}

    # Slow, so that the silence begins within a transaction that holds the room.
    here = await asyncio.to_thread(place, first=through, fault="slow-commits=0.3")
    people = await talkers(here, 4)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.02))
    await asyncio.sleep(1)
    proxy.blackhole()
    began = time.monotonic()
    # The cut-off process sends its people away; they go on in the other one.
    false_acks = 0
    async with asyncio.timeout(AWAY + 10):
        while here_still := [talker for talker in people[::2] if not talker.returns]:
            acked = [sent.acked or 0 for talker in here_still for sent in talker.sent.values()]
            false_acks = max(false_acks, sum(when > began + 0.5 for when in acked))
            await asyncio.sleep(0.1)
    sent_away = time.monotonic() - began
    moved = [await talker.post("from the other side") for talker in people[::2]]
    assert all(sent.acked is not None for sent in moved)
    readiness = await asyncio.to_thread(_readiness, here.urls[0])
    await asyncio.sleep(max(0.0, began + AWAY + 4 - time.monotonic()))
    ended = time.monotonic()
    others = []
    went_on = [
        min(sent.acked for sent in talker.sent.values() if sent.acked is not None and sent.acked > began + 0.5)
        for talker in people[1::2]
    ]
    stall = max(went_on) - began
    for number, talker in enumerate(people):
        acks = [sent.acked for sent in talker.sent.values() if sent.acked and began + 0.5 < sent.acked < ended]
        if number % 2:
            others.append(len(acks))
    proxy.blackhole(False)
    healed = time.monotonic()
    first = await people[0].post("after it")
    await asyncio.sleep(1)
    stop.set()
    await writing
    await caught_up(here, people)
    returns = [len(talker.returns) for talker in people]
    found = {
        "others_waited": stall,
        "cut_off_acks": false_acks,
        "sent_away_after": sent_away,
        "readiness": readiness,
        "other_acks": sum(others),
        "back": (first.acked or 0) - healed,
    }
    await finish(here, people, returned=returns, **found)
    assert false_acks == 0
    assert readiness == 503
    assert sent_away < 20
    # A transaction that was under way keeps its rooms locked until PostgreSQL has heard nothing for ten seconds.
    assert sum(others) > 10
    assert stall < 12


def _readiness(url: str) -> int:
    try:
        return int(urllib.request.urlopen(f"{url}/readyz", timeout=10).status)
    except urllib.error.HTTPError as refused:
        return refused.code


async def test_check_22_a_silent_line_to_clients_delays_them_and_loses_nothing(place: Start, proxy: Proxy) -> None:
    here = await asyncio.to_thread(place)
    address = urlsplit(here.urls[0])
    proxy.target = (address.hostname or "", address.port or 0)
    away = [await Talker(lambda: [proxy.url], token, here.room).start() for token in here.tokens[:2]]
    near = [await Talker(lambda: here.urls, token, here.room).start() for token in here.tokens[2:]]
    stop = asyncio.Event()
    writing = asyncio.create_task(storm([*away, *near], stop, pause=0.05))
    for _ in range(2):
        await asyncio.sleep(1)
        proxy.blackhole()
        await asyncio.sleep(4)
        proxy.blackhole(False)
        await asyncio.sleep(1)
        proxy.cut()
    await asyncio.sleep(1)
    stop.set()
    await writing
    await caught_up(here, [*away, *near])
    late = lateness(near)
    assert late[int(len(late) * 0.99)] < 2
    assert all(talker.returns for talker in away)
    await finish(here, [*away, *near], near_p99=late[int(len(late) * 0.99)])


async def test_check_23_half_open_lines_are_found_and_their_people_go_offline(place: Start, proxy: Proxy) -> None:
    lines = 40
    here = await asyncio.to_thread(place, people=lines + 1)
    address = urlsplit(here.urls[0])
    proxy.target = (address.hostname or "", address.port or 0)
    gone = [Client(proxy.url, token=token) for token in here.tokens[1:]]
    for client in gone:
        await client.connect()
    async with Client(here.urls[-1], token=here.tokens[0]) as watcher:
        online = 0
        while online < lines + 1:
            online = (await watcher.wait_for("presence", room=here.room))["online"]
        proxy.blackhole()
        began = time.monotonic()
        async with asyncio.timeout(60):
            while online > 1:
                online = (await watcher.wait_for("presence", room=here.room))["online"]
        took = time.monotonic() - began
    for client in gone:
        await client.abort()
    note(here, lines=lines, offline_after=round(took, 1))
    assert took <= 50, took
