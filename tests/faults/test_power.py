"""The power fails at any moment, and only what was synced is on the disk: check 4."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.place import Place
from tests.faults.power import Disk, shim
from tests.faults.storms import Start, finish, note, storm, talkers

CUTS = int(os.environ.get("FAULT_CUTS", "4"))

pytestmark = pytest.mark.parametrize("kind", ["sqlite"])


def wired(place: Start, folder: Path, **environment: str) -> tuple[Place, Disk]:
    """A place whose server starts under the shim; all it has so far is on the disk."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    here = place()
    server, log = here.servers[0], folder / "power.log"
    server.stop()
    disk = Disk(here.data, log)
    server.environment |= {"LD_PRELOAD": str(shim(folder)), "POWER_LOG": str(log), "POWER_FOLDER": str(here.data)}
    server.environment |= environment
    server.start()
    return here, disk


def intact(here: Place) -> bool:
    with closing(sqlite3.connect(f"file:{here.data}/klatch.sqlite3?mode=ro", uri=True)) as line:
        return bool(line.execute("PRAGMA integrity_check").fetchone() == ("ok",))


async def test_check_4_a_power_cut_loses_nothing_that_was_acknowledged(place: Start, tmp_path: Path) -> None:
    here, disk = await asyncio.to_thread(wired, place, tmp_path)
    chance = random.Random(4)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop))
    for number in range(CUTS):
        await asyncio.sleep(0.3 + chance.random() * 1.5)
        await asyncio.to_thread(here.servers[0].stop, signal.SIGKILL)
        # Nothing that was not synced is left, or any part of it.
        await asyncio.to_thread(disk.cut, chance if number % 2 else None)
        assert await asyncio.to_thread(intact, here)
        await asyncio.to_thread(here.servers[0].start)
        # Everybody is back before the next one.
        await asyncio.gather(*[talker.post(f"after cut {number}") for talker in people])
    stop.set()
    await writing
    await finish(here, people, cuts=CUTS, bytes_not_synced=disk.lost)
    assert not any(talker.resets for talker in people)
    assert await asyncio.to_thread(intact, here)


async def test_check_4_the_cut_takes_what_a_database_that_does_not_sync_has_promised(
    place: Start, tmp_path: Path
) -> None:
    """The check can fail: the same cut, the same server, but its database does not wait for the disk."""
    here, disk = await asyncio.to_thread(wired, place, tmp_path, FAULT="never-sync")
    people = await talkers(here)
    for number in range(20):
        await people[number % 5].post(f"promised {number}")
    await asyncio.to_thread(here.servers[0].stop, signal.SIGKILL)
    await asyncio.to_thread(disk.cut, None)
    stored = await asyncio.to_thread(here.stored)
    assert len(stored) < 20
    assert disk.lost > 0
    note(here, acked=20, left=len(stored))
