"""Slow readers, a storm of returns, a jittery network: checks 20, 26, 27 and 29."""

import asyncio
import os
import random
import time
from urllib.parse import urlsplit

import pytest

from tests.faults.place import Place
from tests.faults.proxy import Proxy
from tests.faults.storms import Start, finish, lateness, talkers
from tests.faults.talkers import Talker

CROWD = int(os.environ.get("FAULT_CROWD", "300"))
JITTER = float(os.environ.get("FAULT_JITTER", "8"))


def percentile(values: list[float], part: float) -> float:
    values = sorted(values)
    return round(values[int(len(values) * part)], 3) if values else 0


async def busy_room(people: list[Talker], seconds: float, size: int) -> None:
    """Everybody posts ten messages a second of this many letters."""

    async def write(talker: Talker) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await talker.post(("many words " * (size // 11)).strip())
            await asyncio.sleep(0.1)

    await asyncio.gather(*[write(talker) for talker in people])


async def settled(here: Place, people: list[Talker], seconds: float = 20) -> None:
    head = max(row["seq"] for row in (await asyncio.to_thread(here.stored)).values())
    for number, talker in enumerate(people):
        try:
            await talker.until(head, seconds)
        except TimeoutError:
            raise AssertionError(f"{number} of {len(people)} is not up to date with {head}: {talker}") from None


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_check_26_and_27_a_slow_reader_harms_nobody_and_is_complete_in_the_end(place: Start) -> None:
    here = await asyncio.to_thread(place, people=11)
    people = await talkers(here, 10)
    proxy = Proxy()
    try:
        proxy.rate = 1024
        address = urlsplit(here.urls[0])
        proxy.target = (address.hostname or "", address.port or 0)
        await busy_room(people, 6, 2000)
        await settled(here, people)
        before = percentile(lateness(people), 0.99)
        earlier = [talker.sent for talker in people]
        for talker in people:
            talker.sent = {}
        slow = await Talker(lambda: [proxy.url], here.tokens[10], here.room).start()
        began = time.monotonic()
        await busy_room(people, 15, 2000)
        lasted = time.monotonic() - began
        await settled(here, people)
        during = percentile(lateness(people), 0.99)
        for talker, sent in zip(people, earlier, strict=True):
            talker.sent |= sent
        closes = len(slow.returns)
        # The line is good again: what it had not read is complete, or a reset that says so.
        proxy.rate = 0
        proxy.cut()
        await settled(here, [slow], 30)
    finally:
        proxy.close()
    await finish(
        here, [*people, slow], people, before_p99=before, during_p99=during, closes=closes, lasted=round(lasted, 1),
        resets=slow.resets,
    )  # fmt: skip
    assert during < before * 1.5 + 0.25, (before, during)
    assert closes <= 1 + lasted / 30


async def test_check_29_everybody_comes_back_after_a_restart(place: Start) -> None:
    here = await asyncio.to_thread(place, people=CROWD)
    people = await asyncio.gather(*[
        Talker(lambda: here.urls, token, here.room, first=number).start() for number, token in enumerate(here.tokens)
    ])  # fmt: skip
    for number in range(10):
        await people[number].post(f"before {number}")
    began = time.monotonic()
    for server in here.servers:
        await asyncio.to_thread(server.stop, 9)
    for server in here.servers:
        await asyncio.to_thread(server.start)
    up = time.monotonic()
    sent = await people[0].post("after")
    for talker in people:
        await talker.until(sent.ack["seq"], 60)
    back = [max(0.0, talker.messages[sent.ack["id"]][1] - up) for talker in people]
    assert all(talker.returns for talker in people)
    await finish(
        here, people, crowd=CROWD, down=round(up - began, 1), back_p95=percentile(back, 0.95), back_last=max(back)
    )
    assert percentile(back, 0.95) < 15


async def test_check_20_a_jittery_network_delivers_everything(place: Start) -> None:
    here = await asyncio.to_thread(place, people=101)
    writer = await Talker(lambda: here.urls, here.tokens[0], here.room).start()
    people = await asyncio.gather(*[
        Talker(lambda: here.urls, token, here.room, first=number).start()
        for number, token in enumerate(here.tokens[1:])
    ])  # fmt: skip
    stop = asyncio.Event()
    outages = 0

    async def shake(talker: Talker) -> None:
        nonlocal outages
        while not stop.is_set():
            await asyncio.sleep(random.uniform(2, 8))
            if not stop.is_set():
                outages += 1
                talker.away(2)

    shaking = [asyncio.create_task(shake(talker)) for talker in people]
    count = 0
    until = time.monotonic() + JITTER
    while time.monotonic() < until:
        count += 1
        await writer.post(f"tick {count}")
        await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*shaking)
    await settled(here, people)
    replays = [seconds for talker in people for seconds in talker.replays]
    await finish(
        here, [writer, *people], [writer], outages=outages, replay_p99=percentile(replays, 0.99),
        resets=sum(talker.resets for talker in people),
    )  # fmt: skip
    assert not any(talker.resets for talker in people)
    assert percentile(replays, 0.99) < 2
