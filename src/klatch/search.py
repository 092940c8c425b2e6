"""The search index: one row of tokens for each message, in FTS5 on SQLite and a tsvector on PostgreSQL.

Written in the transaction that writes the message, so it can never be behind the log; ``rebuild`` makes it anew.
The table is made by a migration. Knows no permissions: callers name the rooms to be looked into, and ask again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection

from klatch.models import bulk
from klatch.text.search import Phrase, fts5_match, tokens, tsquery, tsvector

NEWEST = 1_000  # messages with the words that are looked at before the index is asked for the rooms
PAGES_AT_ONCE = 64  # of the index, rewritten in one step: 20 ms at most

# Whether words were taken out since the index was last rewritten without them. At first nobody knows.
removed = True


def add(entries: Iterable[tuple[int, int, str]], writes: bulk.Writes | None = None) -> None:
    """Index new messages: (message id, room id, body); on PostgreSQL with ``writes``, if others are written too."""
    rows = [(key, room, tokens(body)) for key, room, body in entries]
    if not rows:
        return
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO klatch_search(rowid, words, room) VALUES (%s, %s, %s)",
                [(key, " ".join(words), f"r{room}") for key, room, words in rows],
            )
        return
    together = writes or bulk.Writes()
    together.add(_INSERT, bulk.arrays([(key, room, tsvector(words)) for key, room, words in rows]))
    if writes is None:
        together.send()


_INSERT = (
    "INSERT INTO klatch_search(id, room, words) SELECT id, room, words::tsvector "
    "FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS given(id, room, words)"
)


def change(key: int, room: int, body: str) -> None:
    """Index a message's new words; an empty body only forgets the old ones."""
    global removed
    removed = True
    with connection.cursor() as cursor:
        column = "rowid" if connection.vendor == "sqlite" else "id"
        cursor.execute(f"DELETE FROM klatch_search WHERE {column} = %s", [key])  # noqa: S608 - one of two constants
    if body:
        add([(key, room, body)])


def newest(
    phrases: Sequence[Phrase], rooms: str, given: Sequence[int], before: int | None, limit: int
) -> Iterator[tuple[str, list[Any]]]:
    """Queries (SQL, values) for the ids of the messages that have every phrase, older than ``before``, newest first.

    To be tried in turn until one brings ``limit`` of the rooms that the query ``rooms`` names, with its values
    ``given``; to be read no further than that. Others are among what they bring: the caller asks which may be seen.
    """
    if not phrases:
        return
    older = before if before is not None else 2**63 - 1
    if connection.vendor == "sqlite":
        yield from _fts5(f"words : ({fts5_match(phrases)})", rooms, given, older)
    else:
        yield from _gin(tsquery(phrases), rooms, given, older, limit)


def _gin(words: str, rooms: str, given: Sequence[int], older: int, limit: int) -> Iterator[tuple[str, list[Any]]]:
    """The planner has to know the rooms, and how few ids are wanted: in one statement it reads all of every room."""
    found = "SELECT id FROM klatch_search WHERE words @@ %s::tsquery AND room = ANY(%s) AND id < %s ORDER BY id DESC "
    with connection.cursor() as cursor:
        cursor.execute(rooms, given)
        values: list[Any] = [words, [row[0] for row in cursor.fetchall()], older]
        cursor.execute(f"{found} LIMIT %s", [*values, limit])
        ids = [row[0] for row in cursor.fetchall()]
    yield "SELECT unnest(%s::bigint[]) AS id", [ids]
    if len(ids) == limit:
        yield f"{found} OFFSET 0", values


def _fts5(words: str, rooms: str, given: Sequence[int], older: int) -> Iterator[tuple[str, list[Any]]]:
    # Among the newest messages with these words, whosever they are: that nearly always is enough.
    yield f"{_FTS5.format('%s')} LIMIT {NEWEST}", [words, older]
    with connection.cursor() as cursor:
        cursor.execute(f"{_FTS5.format('%s')} LIMIT 1 OFFSET {NEWEST}", [words, older])
        if cursor.fetchone() is None:
            return
    # This finds everything, but opens a list for each room in each of the index's segments. Any LIMIT keeps the order.
    narrowed = f"""SELECT %s || coalesce(group_concat('"r' || room_id || '"', ' OR '), '""') || '))' FROM ({rooms})"""  # noqa: S608
    yield f"{_FTS5.format(f'({narrowed})')} LIMIT -1", [f"({words}) AND (room : (", *given, older]


_FTS5 = "SELECT rowid AS id FROM klatch_search WHERE klatch_search MATCH {} AND rowid < %s ORDER BY rowid DESC"


def forget_removed() -> bool:
    """Rewrite some of SQLite's index without what was taken out of it; returns whether there is more to rewrite.

    FTS5 only notes that a row is gone: its words stay in the file until their segments happen to be merged.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT total_changes()")
        before = cursor.fetchone()[0]
        cursor.execute("INSERT INTO klatch_search(klatch_search, rank) VALUES ('merge', %s)", [-PAGES_AT_ONCE])
        cursor.execute("SELECT total_changes()")
        # By FTS5's own documentation: fewer than two changes mean that there was nothing to do.
        return bool(cursor.fetchone()[0] - before >= 2)


def rebuild() -> int:
    """Index every message again; returns how many."""
    from klatch.models import Message

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM klatch_search")
    done = 0
    batch: list[tuple[int, int, str]] = []
    for row in Message.objects.filter(deleted_at=None).values_list("pk", "room_id", "body").iterator():
        batch.append(row)
        if len(batch) == 500:
            add(batch)
            done += len(batch)
            batch = []
    add(batch)
    return done + len(batch)
