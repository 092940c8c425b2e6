"""The disk and the file under SQLite: checks 5, 6, 7, 8 and 11."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from klatch.client import Client, Closed, RequestError
from tests.faults.place import Place
from tests.faults.storms import Start, finish, note, storm, talkers

pytestmark = pytest.mark.parametrize("kind", ["sqlite"])


def healthy(place: Place) -> bool:
    return str(place.ask("PRAGMA integrity_check")[0][0]) == "ok"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Where the data of a place comes to lie: a file system of 20 MiB."""
    folder = tmp_path / "data"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=700", "none", folder], check=False, capture_output=True
    )
    if done.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_check_5_a_failed_fsync_acknowledges_nothing(place: Start) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    here = await asyncio.to_thread(place)
    process = here.servers[0].process
    assert process is not None
    async with Client(here.urls[0], token=here.tokens[0]) as client:
        await client.request("post", room=here.room, client_id=str(uuid.uuid4()), body="before")
        outcomes: dict[str, list[str]] = {}
        for error in ("EIO", "ENOSPC"):
            tracing = subprocess.Popen(  # noqa: ASYNC220 - it lives beside
                ["strace", "-f", "-q", "-p", str(process.pid), "-o", "/dev/null", "-e", "trace=fsync,fdatasync",
                 "-e", f"inject=fsync,fdatasync:error={error}"],
                stderr=subprocess.PIPE,
            )  # fmt: skip
            # It is attached when the process has a tracer.
            status = Path(f"/proc/{process.pid}/status")
            while "TracerPid:\t0\n" in status.read_text():  # noqa: ASYNC240
                assert tracing.poll() is None, tracing.stderr.read() if tracing.stderr else ""
                await asyncio.sleep(0.05)
            sent: dict[str, str] = {}
            for number in range(10):
                key = str(uuid.uuid4())
                try:
                    await client.request("post", room=here.room, client_id=key, body=f"{error} {number}")
                    sent[key] = "ack"
                except RequestError as refused:
                    sent[key] = refused.code
            history = await client.request("history", room=here.room)
            tracing.send_signal(signal.SIGINT)
            tracing.wait(10)
            if tracing.stderr:
                tracing.stderr.close()
            outcomes[error] = list(sent.values())
            assert "ack" not in sent.values(), sent
            assert set(sent.values()) == {"unavailable"}, sent
            assert history["messages"]
            # The disk is well again: the retry of each is acknowledged, once.
            for number, key in enumerate(sent):
                ack = await client.request("post", room=here.room, client_id=key, body=f"{error} {number}")
                assert ack["position"]
    stored = await asyncio.to_thread(here.stored)
    assert len(stored) == 21
    assert sorted(row["position"] for row in stored.values()) == list(range(1, 22))
    assert await asyncio.to_thread(healthy, here)
    note(here, refused=outcomes)


async def test_check_6_a_full_disk_refuses_and_recovers(small_disk: Path, place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    for number in range(10):
        await people[0].post(f"before {number}")
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
            file.flush()
    codes: dict[str, int] = {}
    client = Client(here.urls[0], token=here.tokens[1])
    await client.connect()
    keys = [str(uuid.uuid4()) for _ in range(60)]
    acked = set()
    for key in keys:
        try:
            await client.request("post", room=here.room, client_id=key, body="x" * 8000)
            acked.add(key)
        except RequestError as refused:
            codes[refused.code] = codes.get(refused.code, 0) + 1
    history = await client.request("history", room=here.room)
    assert history["messages"]
    assert set(codes) == {"unavailable"}, codes
    assert here.servers[0].process is not None
    assert here.servers[0].process.poll() is None
    ballast.unlink()
    for key in keys:
        await client.request("post", room=here.room, client_id=key, body="x" * 8000)
    await client.close()
    assert acked <= (await asyncio.to_thread(here.stored)).keys()
    assert await asyncio.to_thread(healthy, here)
    assert not any(talker.returns for talker in people)
    await finish(here, people, refused=codes, acked_while_full=len(acked))


async def test_check_7_a_foreign_lock_makes_writers_wait_and_nobody_else(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    process = here.servers[0].process
    assert process is not None
    seconds = float(os.environ.get("FAULT_LOCK", "10"))
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.05))
    await asyncio.sleep(0.5)
    threads = len(os.listdir(f"/proc/{process.pid}/task"))
    pings = []
    with closing(sqlite3.connect(here.data / "klatch.sqlite3", timeout=20, isolation_level=None)) as line:
        line.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + seconds
        async with Client(here.urls[0], token=here.tokens[0]) as client:
            while time.monotonic() < until:
                asked = time.monotonic()
                await client.request("ping")
                pings.append(time.monotonic() - asked)
                await client.request("history", room=here.room)
                await asyncio.sleep(0.05)
        more = len(os.listdir(f"/proc/{process.pid}/task")) - threads
        line.execute("ROLLBACK")
    freed = time.monotonic()
    key = await people[0].post("after the lock")
    await asyncio.sleep(0.5)
    stop.set()
    await writing
    pings.sort()
    await finish(
        here, people, ping_p99=pings[int(len(pings) * 0.99)], more_threads=more, after=(key.acked or 0) - freed
    )
    assert pings[int(len(pings) * 0.99)] < 0.25
    assert more <= 4
    assert not any(sent.refused for talker in people for sent in talker.sent.values())


async def test_check_11_a_restored_file_resets_everybody_and_hides_nothing(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    for number in range(20):
        await people[number % 5].post(f"kept {number}")
    server = here.servers[0]
    file, copy = here.data / "klatch.sqlite3", here.data / "yesterday"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    last = None
    for number in range(20):
        last = await people[number % 5].post(f"lost {number}")
    assert last is not None
    for talker in people:
        await talker.until(last.ack["seq"])
    await asyncio.to_thread(server.stop)
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    copy.replace(file)
    here.ask("UPDATE klatch_epoch SET value = ?", uuid.uuid4().hex)
    await asyncio.to_thread(server.start)
    began = time.monotonic()
    # Numbers that they have seen once already are given again.
    news = [await people[number % 5].post(f"new {number}") for number in range(20)]
    for talker in people:
        await talker.until(news[-1].ack["seq"])
    took = time.monotonic() - began
    stored = await asyncio.to_thread(here.stored)
    for talker in people:
        assert talker.resets == 1
        page = await talker.client.request("history", room=here.room, limit=100)
        held = {row["id"]: row["body"] for row in page["messages"]}
        assert held == {row["id"]: row["body"] for row in stored.values()}
        shown = [key for key, (body, _) in talker.messages.items() if body.startswith("new")]
        assert len(shown) == 20
    for talker in people:
        with suppress(Closed):
            await talker.stop()
    note(here, clients=len(people), resets=5, took=round(took, 2))


async def test_check_8_backups_and_checkpoints_while_people_write_leave_the_file_whole(place: Start) -> None:
    here = await asyncio.to_thread(place)
    people = await talkers(here)
    stop = asyncio.Event()
    writing = asyncio.create_task(storm(people, stop, pause=0.05))
    seconds = float(os.environ.get("FAULT_BACKUPS", "20"))
    began, backups, checkpoints, checks = time.monotonic(), 0, 0, 0
    while time.monotonic() < began + seconds:
        done = await asyncio.to_thread(here.servers[0].klatch, "backup", str(here.data / f"{backups}.zip"))
        assert done.returncode == 0, done.stderr
        backups += 1
        # From a second process, as a tool would: into the database, and the log begins anew.
        for mode in ("PASSIVE", "TRUNCATE"):
            checkpoint = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", CHECKPOINT, here.data / "klatch.sqlite3", mode], check=True
            )
            checkpoints += checkpoint.returncode == 0
        assert await asyncio.to_thread(healthy, here)
        checks += 1
    with pytest.raises(AssertionError, match="already runs on"):
        await asyncio.to_thread(here.add)
    here.servers.pop()
    stop.set()
    await writing
    verdict = await finish(
        here, people, seconds=round(time.monotonic() - began), backups=backups, checkpoints=checkpoints, checks=checks
    )
    assert verdict.stored > backups
    assert not any(talker.returns for talker in people)


CHECKPOINT = """
import sqlite3, sys
line = sqlite3.connect(sys.argv[1], timeout=20)
line.execute(f"PRAGMA wal_checkpoint({sys.argv[2]})").fetchone()
"""
