"""A newer version comes while an older one serves: check 31. The older one is a commit of this repository."""

import asyncio
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults.place import FaultyServer, Place
from tests.faults.storms import finish, lateness, storm
from tests.faults.talkers import Talker
from tests.server.process import Server, clean_environment

# Before the tables of this version: without the scopes of tokens, the index of deeds, the seal on what processes tell.
OLDER = os.environ.get("FAULT_OLDER", "f3216edff4dce04e1a928c6ee92d7ff297bca7e2")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    folder = tmp_path / "older"
    folder.mkdir()
    archive = subprocess.run(["git", "archive", OLDER], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"this checkout does not reach back to {OLDER}")
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def serve_older(here: Place, older: Path) -> Server:
    """The older version on this place's database, with people in a room."""
    environment = {**here.environment, "PYTHONPATH": str(older / "src")}
    server = Server(here.data, cwd=older, **environment)
    here.servers.append(server)
    server.start()
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.seed", str(here.data), "5"],
        capture_output=True, text=True, check=False, cwd=older, env=clean_environment(**environment),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    here.room, here.tokens = made["room"], made["tokens"]
    return server


def applied(here: Place) -> set[str]:
    return {f"{app}.{name}" for app, name in here.ask("SELECT app, name FROM django_migrations")}


@pytest.mark.parametrize("kind", ["postgres"])
async def test_check_31_an_older_process_serves_on_while_a_newer_one_migrates_and_joins_it(
    kind: str, older: Path, tmp_path: Path
) -> None:
    here = Place(kind, tmp_path)
    try:
        await asyncio.to_thread(serve_older, here, older)
        before = await asyncio.to_thread(applied, here)
        people = [await Talker(lambda: here.urls, token, here.room).start() for token in here.tokens]
        stop = asyncio.Event()
        writing = asyncio.create_task(storm(people, stop))
        await asyncio.sleep(2)
        newer = FaultyServer(here.data, **here.environment)
        here.servers.append(newer)
        await asyncio.to_thread(newer.start, 180)
        more = await asyncio.to_thread(applied, here) - before
        # Both serve, and who comes to either hears of what is said at the other.
        others = [await Talker(lambda: [newer.url], token, here.room).start() for token in here.tokens]
        await asyncio.sleep(3)
        stop.set()
        await writing
        acks = sorted(sent.acked for talker in people for sent in talker.sent.values() if sent.acked is not None)
        stall = max(later - earlier for earlier, later in pairwise(acks))
        returns = sum(len(talker.returns) for talker in people)
        late = lateness([*people, *others])
        # Then the older one goes.
        await asyncio.to_thread(here.servers.pop(0).stop)
        for number, talker in enumerate(people):
            await talker.post(f"at the newer one {number}")
        await finish(here, [*people, *others], people, migrations=sorted(more), stall=round(stall, 2), last=late[-1])
    finally:
        here.stop()
    assert more
    assert stall < 2
    assert late[-1] < 5
    assert not returns


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_check_31_on_one_file_the_newer_one_waits_until_the_older_one_has_gone(
    kind: str, older: Path, tmp_path: Path
) -> None:
    here = Place(kind, tmp_path)
    try:
        server = await asyncio.to_thread(serve_older, here, older)
        before = await asyncio.to_thread(applied, here)
        people = [await Talker(lambda: here.urls, token, here.room).start() for token in here.tokens]
        stop = asyncio.Event()
        writing = asyncio.create_task(storm(people, stop))
        await asyncio.sleep(1)
        with pytest.raises(AssertionError, match=r"(?i)another|already|in use"):
            await asyncio.to_thread(here.add)
        assert await asyncio.to_thread(applied, here) == before
        await asyncio.to_thread(server.stop)
        here.servers.clear()
        await asyncio.to_thread(here.add)
        await asyncio.sleep(1)
        stop.set()
        await writing
        assert await asyncio.to_thread(applied, here) > before
        await finish(here, people)
    finally:
        here.stop()
