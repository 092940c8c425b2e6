"""Deleted and edited words leave the file of the search index, not only the answers of the search."""

import time

import pytest
from django.db import connection

from klatch import search
from klatch.actions import messages
from klatch.realtime import writer
from tests.conftest import aside, make_room, make_user
from tests.realtime.lines import eventually

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has VACUUM")


def lingers(word: bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT block FROM klatch_search_data")
        # Terms of the index are cut where they begin like the one before, which may be any test's.
        return any(word[4:] in bytes(row[0]) for row in cursor.fetchall())


def merging_by_itself(on: bool) -> None:
    """FTS5 merges of its own accord at every 64th write, or 16 segments: what is gone would be forgotten too soon."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO klatch_search(klatch_search, rank) VALUES ('automerge', %s)", [4 if on else 0])
        cursor.execute("INSERT INTO klatch_search(klatch_search) VALUES ('optimize')")


async def test_words_that_are_gone_leave_the_index_when_the_writer_is_idle(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "FORGET_FIRST", 0.0)
    monkeypatch.setattr(writer, "IDLE", 0.01)
    room, anna = await aside(lambda: (lambda user: (make_room(user), user))(make_user()))

    def write() -> None:
        merging_by_itself(False)
        one, two = messages.post(room, anna, "zauberspruch"), messages.post(room, anna, "quellwolke")
        messages.post(room, anna, "stays")
        messages.edit(anna, one.pk, "harmless")
        messages.delete(anna, two.pk)

    await aside(write)
    assert await aside(lambda: [lingers(b"zauberspruch"), lingers(b"quellwolke")]) == [True, True]
    made = writer.Writer()
    try:
        await made.run(lambda: None)
        # Not before the run is over: it is only then that the next one is put off.
        await eventually(lambda: not search.removed and made._forget_at > time.monotonic() + 1)
        assert await aside(lambda: [lingers(b"zauberspruch"), lingers(b"quellwolke")]) == [False, False]
        assert await aside(lambda: lingers(b"stays"))
    finally:
        await made.close()
        await aside(merging_by_itself, True)


async def test_a_post_does_not_wait_for_the_rewriting(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "FORGET_FIRST", 0.0)
    monkeypatch.setattr(writer, "IDLE", 0.01)
    monkeypatch.setattr(search, "removed", True)
    steps: list[int] = []

    def endless() -> bool:
        steps.append(1)
        return True

    monkeypatch.setattr(search, "forget_removed", endless)
    made = writer.Writer()
    try:
        await eventually(lambda: steps)
        assert await made.run(lambda: "done") == "done"
    finally:
        await made.close()
