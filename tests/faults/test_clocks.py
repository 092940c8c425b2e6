"""Processes that do not agree what time it is: check 25. Needs libfaketime."""

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.faults.storms import SECONDS, Start, finish, storm, talkers

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.mark.skipif(not LIBRARY.exists(), reason="libfaketime is not installed")
async def test_check_25_a_clock_an_hour_ahead_changes_no_order(place: Start) -> None:
    ahead = {"LD_PRELOAD": str(LIBRARY), "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    here = await asyncio.to_thread(place, first=lambda _: ahead)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.03))
    await asyncio.sleep(SECONDS)
    stop.set()
    await writing
    times = await asyncio.to_thread(here.ask, "SELECT at FROM klatch_message WHERE room_id = ? ORDER BY seq", here.room)
    back = sum(later[0] < earlier[0] for earlier, later in itertools.pairwise(times))
    assert not any(talker.returns for talker in people)
    await finish(here, people, times_that_go_back=back)
