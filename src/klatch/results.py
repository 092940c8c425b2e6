"""What a search finds: which messages, each at which version, in rooms of the reader alone. Never writes.

As in ``history``, words are looked up by version: nothing here reads them.
"""

from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from klatch import lookups, search
from klatch.errors import NotFound
from klatch.proof import Version
from klatch.text.search import parse_query


class Hit(NamedTuple):
    """A message that was found, with the number of its room's last event."""

    version: Version
    room_id: int
    room_seq: int


def page(user: Any, q: str, room_id: int | None, before: int | None, limit: int) -> tuple[list[Hit], int | None]:
    """Messages with every word of ``q`` in rooms of the reader, newest first, and the next page's cursor.

    Raises ``NotFound`` for a room that is not theirs.
    """
    rooms = "SELECT room_id FROM klatch_membership WHERE user_id = %(user)s"
    given = {"user": user.pk, "limit": limit + 1}
    if room_id is not None:
        if not lookups.standing([(room_id, user.pk)]):
            raise NotFound
        rooms, given = f"{rooms} AND room_id = %(room)s", {**given, "room": room_id}
    rows: list[Any] = []
    for source, values in search.newest(parse_query(q), rooms, given, before, limit + 1):
        with connection.cursor() as cursor:
            # What matches, what of it may be seen and what it is at now: one statement, one state of the database.
            cursor.execute(_statement(source, rooms, connection.vendor), values)
            rows = cursor.fetchall()
        if len(rows) > limit:
            break
    hits = [Hit(Version(*row[:6]), row[6], row[7]) for row in rows[:limit]]
    return hits, hits[-1].version.id if len(rows) > limit else None


@cache
def _statement(source: str, rooms: str, vendor: str) -> str:
    # SQLite takes the joins in the order in which they stand, so the newest come first and LIMIT ends the search.
    order = "" if vendor == "sqlite" else "ORDER BY m.id DESC "
    return f"{_HITS.format(source=source, rooms=rooms)} {order}LIMIT %(limit)s"


_HITS = (
    "SELECT m.id, m.rev, m.author_id, q.id, q.rev, q.author_id, r.id, r.seq FROM ({source}) AS found "
    "CROSS JOIN klatch_message m CROSS JOIN klatch_room r LEFT JOIN klatch_message q ON q.id = m.reply_to_id "
    "WHERE m.id = found.id AND m.deleted_at IS NULL AND m.room_id IN ({rooms}) AND r.id = m.room_id"
)
