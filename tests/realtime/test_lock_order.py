"""Several processes on one PostgreSQL lock rows in one order, or one by one; who falls silent lets go of them."""

import asyncio
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from klatch.actions import messages
from klatch.realtime import writer
from tests.conftest import aside, make_room, make_user

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")


@only_postgresql
async def test_two_processes_that_change_the_same_rooms_never_wait_for_each_other(db: None) -> None:
    """Each writer stands for a process; each batch changes the rooms in another order."""

    def prepare() -> tuple[User, list[int]]:
        anna = make_user()
        return anna, [messages.post(make_room(anna), anna, "start").pk for _ in range(4)]

    def deadlocks() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot(), pg_stat_force_next_flush()")
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    anna, ids = await aside(prepare)
    before = await aside(deadlocks)
    writers = [writer.Writer(), writer.Writer()]
    try:
        sent = []
        for turn in range(20):
            for made, order in zip(writers, (ids, ids[::-1]), strict=True):
                sent += [made.run(partial(messages.edit, anna, key, f"{turn} {id(made)}")) for key in order]
        await asyncio.gather(*sent)
    finally:
        for made in writers:
            await made.close()
    assert await aside(deadlocks) == before


@only_postgresql
def test_a_process_that_falls_silent_after_its_statements_keeps_no_room(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL forgets the bound on silence after a pipeline; it must not after what is prepared."""
    monkeypatch.setattr(writer, "SILENT_SECONDS", 0.3)
    anna = make_user()
    room = make_room(anna)
    for _ in range(8):
        messages.post(room, anna, "so often that the statements are prepared")
    other = connection.copy()

    def fall_silent() -> None:
        with transaction.atomic():
            writer._promise_to_be_quick()
            messages.post(room, anna, "never")
            with other.cursor() as cursor:
                cursor.execute("SET lock_timeout = '10s'")
                cursor.execute("SELECT count FROM klatch_room WHERE id = %s FOR UPDATE", [room.pk])
                assert cursor.fetchone() == (8,)
            messages.post(room, anna, "too late")

    try:
        with pytest.raises(DatabaseError, match="idle-in-transaction"):
            fall_silent()
    finally:
        other.close()
        connection.close()
