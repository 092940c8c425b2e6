"""A place as one file, and back: while people write, on both engines, and never from a damaged file."""

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from klatch.client import Client
from tests.faults.place import Place
from tests.faults.talkers import Talker
from tests.server.process import Server, klatch

Serve = Callable[..., Server]


def bodies(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "klatch.sqlite3")) as line:
        return [row[0] for row in line.execute("SELECT body FROM klatch_message ORDER BY id")]


def write(server: Server, *words: str) -> None:
    for word in words:
        done = server.klatch("post", "lobby", word)
        assert done.returncode == 0, done.stderr


def test_what_was_backed_up_comes_back_and_what_came_later_does_not(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    server.set_up()
    write(server, "before", "上海 before")
    archive = tmp_path / "place.zip"
    done = server.klatch("backup", str(archive))
    assert done.returncode == 0, done.stderr
    assert "2 messages" in done.stdout
    write(server, "after")
    assert server.stop() == 0
    assert bodies(server.data) == ["before", "上海 before", "after"]

    done = server.klatch("restore", str(archive))
    assert done.returncode == 0, done.stderr
    assert bodies(server.data) == ["before", "上海 before"]
    assert list(server.data.glob("klatch.sqlite3.before-restore-*"))
    server.start()
    write(server, "and on")
    assert bodies(server.data) == ["before", "上海 before", "and on"]
    token = server.klatch("token", "rosa").stdout.strip()
    found = server.browser().get(f"/api/v1/search?q={quote('上海')}", Authorization=f"Bearer {token}")
    assert [hit["message"]["body"] for hit in json.loads(found.text)["results"]] == ["上海 before"]


async def test_a_client_from_before_the_restore_is_told_to_start_again(tmp_path: Path) -> None:
    place = Place("sqlite", tmp_path).start(people=2)
    try:
        people = [await Talker(lambda: place.urls, token, place.room).start() for token in place.tokens]
        for number in range(5):
            await people[0].post(f"kept {number}")
        done = klatch("backup", str(tmp_path / "a.zip"), "--data", str(place.data))
        assert done.returncode == 0, done.stderr
        for number in range(5):
            await people[0].post(f"forgotten {number}")
        await people[1].until(people[0].client.seqs[place.room])
        epoch, known = people[1].client.epoch, people[1].client.seqs[place.room]
        assert place.servers[0].stop() == 0
        assert klatch("restore", str(tmp_path / "a.zip"), "--data", str(place.data)).returncode == 0
        place.servers[0].start()
        for talker in people:
            await talker.post("new life")
        async with Client(place.urls[0], token=place.tokens[1]) as fresh:
            page = await fresh.request("history", room=place.room)
            assert people[1].client.epoch == fresh.epoch != epoch
            assert people[1].client.seqs[place.room] == fresh.seqs[place.room] < known
        assert [row["body"] for row in page["messages"]][-3:] == ["kept 4", "new life", "new life"]
        for talker in people:
            await talker.stop()
    finally:
        place.stop()


def test_a_backup_of_sqlite_can_be_restored_on_postgresql(serve: Serve, tmp_path: Path) -> None:
    from tests.faults.place import _new_database

    server = serve()
    server.set_up()
    write(server, "moving house")
    assert server.klatch("backup", str(tmp_path / "a.zip")).returncode == 0
    there = {"KLATCH_DATABASE_URL": _new_database(), "KLATCH_SECRET_KEY": "elsewhere " * 5}
    done = klatch("restore", str(tmp_path / "a.zip"), "--data", str(tmp_path / "there"), **there)
    assert done.returncode == 0, done.stderr
    done = klatch("post", "lobby", "arrived", "--data", str(tmp_path / "there"), **there)
    assert done.returncode == 0, done.stderr
    again = klatch("restore", str(tmp_path / "a.zip"), "--data", str(tmp_path / "there"), **there)
    assert again.returncode == 1
    assert "not empty" in again.stderr


@pytest.fixture(scope="module")
def stopped(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Server, Path]:
    """A server that has been stopped, with one message in its lobby, and its backup."""
    server.set_up()
    write(server, "precious")
    good = tmp_path_factory.mktemp("backup") / "good.zip"
    assert server.klatch("backup", str(good)).returncode == 0
    assert server.stop() == 0
    return server, good


@pytest.mark.parametrize("harm", ["cut", "changed", "no zip", "missing", "other version", "no manifest"])
def test_a_damaged_archive_changes_nothing_and_says_what_is_wrong(
    stopped: tuple[Server, Path], tmp_path: Path, harm: str
) -> None:
    (server, good), bad = stopped, tmp_path / "bad.zip"
    if harm == "cut":
        bad.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    elif harm == "no zip":
        bad.write_text("hello")
    elif harm != "missing":
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if harm == "changed" and name == "klatch.message.jsonl":
                    content = content.replace(b"precious", b"poisoned")
                if harm == "other version" and name == "manifest.json":
                    content = content.replace(b"0001_initial", b"0099_future", 1)
                if harm != "no manifest" or name != "manifest.json":
                    new.writestr(name, content)
    before = (server.data / "klatch.sqlite3").read_bytes()
    done = server.klatch("restore", str(bad))
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert (server.data / "klatch.sqlite3").read_bytes() == before
    assert not list(server.data.glob("*.restoring*"))
    assert bodies(server.data) == ["precious"]


def test_a_running_place_is_not_restored_and_no_backup_overwrites_another(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    server.set_up()
    archive = tmp_path / "a.zip"
    assert server.klatch("backup", str(archive)).returncode == 0
    assert server.klatch("backup", str(archive)).returncode == 1
    done = server.klatch("restore", str(archive))
    assert done.returncode == 6
    assert "Stop it first" in done.stderr
