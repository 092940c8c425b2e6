"""Somebody who can never keep up with a room stays connected, and gets what they can take: check 27."""

import asyncio
import os
import time
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from tests.faults.proxy import Proxy
from tests.faults.storms import Start, finish, lateness, storm, talkers
from tests.faults.talkers import Talker

SECONDS = float(os.environ.get("FAULT_SLOW", "35"))
RATE = 50_000  # bytes a second; the room is written several times as fast


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_check_27_who_always_falls_behind_is_not_cut_again_and_again(place: Start) -> None:
    here = await asyncio.to_thread(place, people=9)
    people = await talkers(here, 8)
    address = urlsplit(here.urls[0])
    proxy = Proxy((address.hostname or "", address.port or 0))
    proxy.rate = RATE
    stop = asyncio.Event()
    try:
        slow = await Talker(lambda: [proxy.url], here.tokens[8], here.room).start()
        writing = asyncio.create_task(storm(people, stop, pause=0.1, words="many words " * 190))
        began, came = time.monotonic(), [0]
        while time.monotonic() < began + SECONDS:
            await asyncio.sleep(5)
            came.append(len(slow.messages))
        stop.set()
        await writing
        lasted = time.monotonic() - began
        closes, behind = len(slow.returns), len(people[0].messages) - len(slow.messages)
        # The room is silent and the line a better one: it comes to its end.
        proxy.rate *= 20
        quiet = time.monotonic()
        await slow.until(max(row["seq"] for row in (await asyncio.to_thread(here.stored)).values()), 60)
        complete = time.monotonic() - quiet
    finally:
        stop.set()
        proxy.close()
    assert behind > 200, "the room was too quiet to fall behind"
    assert closes <= lasted / 30
    assert all(after > before for before, after in pairwise(came)), came
    assert slow.numbers == sorted(set(slow.numbers))
    holes = sum(1 for before, after in pairwise(slow.numbers) if after != before + 1)
    assert holes <= slow.resets
    late = lateness(people)
    await finish(
        here, [*people, slow], people, closes=closes, resets=slow.resets, lasted=round(lasted, 1), behind=behind,
        came=came, complete_after=round(complete, 1), others_p99=round(late[int(len(late) * 0.99)], 3),
    )  # fmt: skip
