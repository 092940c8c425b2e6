"""What decides whether something kept may be given out again: versions, what events have touched, what was committed.

Never writes, and keeps nothing itself. Who may see it is another question: see ``lookups.standing``.
"""

import sqlite3
from typing import Any, NamedTuple

from django.db import connection

from klatch.models import Event


class Version(NamedTuple):
    """Of a message and of what it quotes: ``rev`` moves with each edit, reaction and deletion; accounts may vanish."""

    id: int
    rev: int
    author: int | None
    quoted: int | None
    quoted_rev: int | None
    quoted_author: int | None


def touched(room_id: int, after: int, upto: int) -> set[int]:
    """The messages that the events with ``after < seq <= upto`` are about."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after, seq__lte=upto, message__isnull=False)
    return set(rows.values_list("message_id", flat=True))


def state() -> Any:
    """Two equal values, asked for on one thread that does not write, mean that nothing at all was committed between."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA journal_mode")
            ahead = cursor.fetchone()[0] == "wal"
            # Another connection counts by itself.
            cursor.execute("PRAGMA data_version")
            return Counted(connection.connection, cursor.fetchone()[0], ahead)
        cursor.execute("SELECT pg_current_snapshot()::text")
        return cursor.fetchone()[0]


class Counted(NamedTuple):
    """SQLite's count of what others have committed, and whether it writes ahead (WAL)."""

    line: Any
    commits: int
    ahead: bool


def stands(state: Any) -> bool:
    """Whether nothing was committed since; for another thread, while the one of this ``state`` rests.

    Waits for nobody. With a log ahead SQLite looks into memory that its processes share, behind no writer's lock; only
    after a commit it also reads the file's first page, which is in the system's cache. Otherwise the answer is no.
    """
    if not isinstance(state, Counted) or not state.ahead:
        return False
    try:
        return bool(state.line.execute("PRAGMA data_version").fetchone()[0] == state.commits)
    except sqlite3.Error:
        return False  # closed since
