"""A page of a room: which messages, each at which version, and the notices between them. Checks no rights.

Words are looked up by version (``encoded``): nothing here reads them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from klatch.errors import Invalid, NotFound
from klatch.models import Event
from klatch.proof import Version

NOTICES_PAGE = 200
END = 2**63 - 1
PAGE_CHARS = 400_000  # of text and HTML in a page of history: a hundred long messages would be megabytes


class Place(NamedTuple):
    """Which page of a room: before, after or around a position; the newest where none is given."""

    before: int | None
    after: int | None
    around: int | None
    limit: int


class Row(NamedTuple):
    """Of a message what a page has to know before its words are looked up."""

    version: Version
    position: int
    seq: int
    chars: int


class Page(NamedTuple):
    """Messages in rising order of position, and whether the room starts or ends here. ``seq``: when it was read."""

    room_id: int
    seq: int
    rows: list[Row]
    notices: list[Event]
    start: bool
    end: bool


def page(room_id: int, place: Place) -> Page:
    """A page of a room. Checks no rights: a caller asks for the membership *after* it, of everybody who gets it.

    Raises ``NotFound`` for a room that is gone; ``Invalid`` where more than one place is given.
    """
    before, after, around, limit = place
    if sum(given is not None for given in (before, after, around)) > 1:
        raise Invalid("Give one of before, after and around.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count, seq FROM klatch_room WHERE id = %s", [room_id])
        room = cursor.fetchone()
    if room is None:
        raise NotFound
    count, seq = room
    if after is not None:
        found = _rows(room_id, "> %s ORDER BY m.position", after, limit)
    elif around is not None:
        newer = _rows(room_id, ">= %s ORDER BY m.position", around, limit, PAGE_CHARS // 2)
        wanted = max(limit // 2, limit - len(newer))
        older = _rows(room_id, "< %s ORDER BY m.position DESC", around, wanted, PAGE_CHARS // 2)
        found = [*reversed(older), *newer[: limit - len(older)]]
    else:
        found = _rows(room_id, "< %s ORDER BY m.position DESC", END if before is None else before, limit)
        found.reverse()
    start = found[0].position <= 1 if found else not (after and count)
    # Against the count read before the found: a message that came between is live, not part of this found.
    end = found[-1].position >= count if found else before is None or before > count
    return Page(room_id, seq, found, _notices(room_id, found, start, end), start, end)


def _rows(room_id: int, where: str, position: int, limit: int, chars: int = PAGE_CHARS) -> list[Row]:
    """The messages from this position on, as many as one reply may hold, but at least one."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_ROWS} {where} LIMIT %s", [room_id, position, limit])
        rows = cursor.fetchall()
    found: list[Row] = []
    for row in rows:
        chars -= row[8]
        if found and chars < 0:
            break
        found.append(Row(Version(*row[:6]), *row[6:]))
    return found


# By hand, as in ``queries``: the ORM takes longer to write these than the database to run them.
_ROWS = (
    "SELECT m.id, m.rev, m.author_id, q.id, q.rev, q.author_id, m.position, m.seq, length(m.body) + length(m.html) "
    "FROM klatch_message m LEFT JOIN klatch_message q ON q.id = m.reply_to_id WHERE m.room_id = %s AND m.position"
)


def _notices(room_id: int, page: Sequence[Row], start: bool, end: bool) -> list[Event]:
    """Each notice belongs to the message before it, so that pages which adjoin lose none and repeat none."""
    if not page and not (start and end):
        return []
    where, values = "", [room_id, 0 if start else page[0].seq + 1]
    if not end:
        where, values = _UNTIL_THE_NEXT, [*values, room_id, page[-1].position]
    with connection.cursor() as cursor:
        cursor.execute(f"{_NOTICES} {where} ORDER BY seq DESC LIMIT {NOTICES_PAGE}", values)
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return []
    rows = Event.objects.select_related("actor", "user", "room").filter(pk__in=ids)
    return sorted(rows, key=lambda row: row.seq)


_NOTICES = "SELECT id FROM klatch_event WHERE room_id = %s AND message_id IS NULL AND seq >= %s"
_UNTIL_THE_NEXT = (
    "AND seq < (SELECT seq FROM klatch_message WHERE room_id = %s AND position > %s ORDER BY position LIMIT 1)"
)
