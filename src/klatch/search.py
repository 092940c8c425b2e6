"""The search index: one row of tokens for each message, in FTS5 on SQLite and a tsvector on PostgreSQL.

Written in the transaction that writes the message, so it can never be behind the log; ``rebuild`` makes it anew.
The table is made by a migration. Knows no permissions: callers name the rooms to be looked into, and ask again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection

from klatch.models import arrays, bulk
from klatch.text.search import Phrase, fts5_match, fts5_named, tokens, tsquery, tsvector

NEWEST = 1_000  # messages with the words that are looked at before the index is asked for the rooms
MOST_NAMED = 50  # words that the last one goes on to; where more begin so, FTS5 joins their lists
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
    together.add(_INSERT, arrays.columns([(key, room, tsvector(words)) for key, room, words in rows]))
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
    phrases: Sequence[Phrase], rooms: str, given: Mapping[str, Any], before: int | None, limit: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Queries (SQL, values) for the ids of the messages that have every phrase, older than ``before``, newest first.

    To be tried in turn until one brings ``limit`` of the rooms that the query ``rooms`` names, with its values
    ``given``; to be read no further than that. Others are among what they bring: the caller asks which may be seen.
    """
    if not phrases:
        return
    values = {**given, "older": before if before is not None else 2**63 - 1}
    if connection.vendor == "sqlite":
        yield _fts5(phrases, rooms, values)
    else:
        yield from _gin(tsquery(phrases), rooms, values, limit)


def _gin(words: str, rooms: str, given: Mapping[str, Any], limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The planner has to know the rooms, and how few ids are wanted: in one statement it reads all of every room."""
    found = (
        "SELECT id FROM klatch_search "
        "WHERE words @@ %(words)s::tsquery AND room = ANY(%(rooms)s) AND id < %(older)s ORDER BY id DESC "
    )
    with connection.cursor() as cursor:
        cursor.execute(rooms, given)
        values = {**given, "words": words, "rooms": [row[0] for row in cursor.fetchall()], "most": limit}
        cursor.execute(f"{found} LIMIT %(most)s", values)
        ids = [row[0] for row in cursor.fetchall()]
    yield "SELECT unnest(%(ids)s::bigint[]) AS id", {**given, "ids": ids}
    if len(ids) == limit:
        yield f"{found} OFFSET 0", values


def _fts5(phrases: Sequence[Phrase], rooms: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """One query: names the words, walks the newest messages that have them, then all of these rooms."""
    values = {**given, "newest": NEWEST, "prefix": f"words : ({fts5_match(phrases)})"}
    named = fts5_named(phrases)
    if named is None:
        return _statement("SELECT %(prefix)s", rooms), values
    word, match, between = named
    with connection.cursor() as cursor:
        # Stores nothing, belongs to this connection, and is there but for the first time.
        cursor.execute(_VOCABULARY)
    values |= {"names": MOST_NAMED, "word": word, "named": f"words : ({match})", "between": between}
    return _statement(_NAMED, rooms), values


@cache
def _statement(asked: str, rooms: str) -> str:
    return _FTS5.format(asked=asked, rooms=rooms)


_VOCABULARY = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.klatch_search_words USING fts5vocab(main, klatch_search, instance)"
)
# Of a word that may go on, FTS5 joins the lists of all words that begin so before it gives the first message: the more
# messages, the dearer. Named one by one, the lists are walked no further than needed. From word to word each step goes
# to the first behind the last, however many messages have it. All in the statement that uses the names: between two
# statements a message could change from a word that is not looked for any more to one that was not looked for yet.
_NAMED = """
    WITH RECURSIVE going(word) AS (
        SELECT %(word)s UNION ALL SELECT (
            SELECT term FROM temp.klatch_search_words
            WHERE term >= word || char(1) AND term < %(word)s || char(1114111) LIMIT 1
        ) FROM going WHERE word IS NOT NULL LIMIT %(names)s + 2
    )
    SELECT CASE WHEN count(word) > %(names)s THEN %(prefix)s
    ELSE replace(%(named)s, '*', group_concat(word, %(between)s)) END FROM going
"""
_FOUND = "SELECT rowid AS id FROM klatch_search WHERE klatch_search MATCH {} AND rowid {} ORDER BY rowid DESC LIMIT {}"
_WORDS = "(SELECT words FROM asked)"
_NARROWED = """coalesce((SELECT words FROM narrowed), '""')"""
# The newest messages with these words, whosever they are, nearly always are enough. What comes behind them finds
# everything, but opens a list for each room in each of the index's segments. Any LIMIT keeps the order.
_FTS5 = f"""
    WITH asked(words) AS MATERIALIZED ({{asked}}),
    behind(id) AS MATERIALIZED ({_FOUND.format(_WORDS, "< %(older)s", "1 OFFSET %(newest)s")}),
    narrowed(words) AS MATERIALIZED (
        SELECT '(' || words || ') AND (room : (' || (
            SELECT coalesce(group_concat('"r' || room_id || '"', ' OR '), '""') FROM ({{rooms}})
        ) || '))' FROM asked CROSS JOIN behind
    )
    SELECT id FROM ({_FOUND.format(_WORDS, "< %(older)s", "%(newest)s")})
    UNION ALL SELECT id FROM (
        {_FOUND.format(_NARROWED, "<= (SELECT id FROM behind)", -1)}
    )
"""  # noqa: S608 - made of the constants above


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
