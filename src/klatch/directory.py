"""The list of rooms that a person may see, the most recently active first, page by page. Never writes.

As in ``history``, rooms are named by version: what is shown of one is ``encoded``'s.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from klatch import queries
from klatch.models import Room, bulk

PAGE = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Listed(NamedTuple):
    """A room of the directory: what it is sorted by, and the number of its last event."""

    active_at: datetime
    id: int
    seq: int


class Own(NamedTuple):
    """A person's rooms, and those of them that are not in everybody's directory; direct ones are in nobody's."""

    member: set[int]
    closed: list[Listed]


def page(rooms: Sequence[Listed], closed: Sequence[Listed]) -> tuple[list[Listed], str | None]:
    """Open rooms and the reader's own, the most recently active first; the next page's cursor."""
    found = sorted([*rooms, *closed], reverse=True) if closed else rooms
    last = found[PAGE - 1] if len(found) > PAGE else None
    return list(found[:PAGE]), f"{_micros(last.active_at)}-{last.id}" if last is not None else None


def open_rooms(q: str | None, after: str | None) -> list[Listed]:
    """A page of the open rooms, and one more where there are more. Raises ``Invalid`` for a cursor that is not ours."""
    rooms = _rooms(q, after).filter(_OPEN).order_by("-active_at", "-pk")
    return [Listed(*row) for row in rooms.values_list("active_at", "pk", "seq")[: PAGE + 1]]


def still_open(room_ids: Collection[int]) -> set[int]:
    return set(Room.objects.filter(_OPEN, pk__in=room_ids).values_list("pk", flat=True))


def own(people: Collection[int], q: str | None, after: str | None) -> dict[int, Own]:
    """Of each of these people, in one statement. Raises ``Invalid``."""
    wanted, values = bulk.asked(person=list(people))
    with connection.cursor() as cursor:
        cursor.execute(wanted + _OWN, values)
        rows = cursor.fetchall()
    found = {person: Own(set(), []) for person in people}
    for person, room, at, seq in rows:
        found[person].member.add(room)
        if at is not None:
            found[person].closed.append(Listed(_moment(at), room, seq))
    closed = {row.id for theirs in found.values() for row in theirs.closed}
    if closed and (q or after is not None):
        closed = set(_rooms(q, after).filter(pk__in=closed).values_list("pk", flat=True))
        for theirs in found.values():
            theirs.closed[:] = [row for row in theirs.closed if row.id in closed]
    return found


_OPEN = Q(kind=Room.Kind.OPEN, archived_at=None)
_OWN = (
    "SELECT m.user_id, r.id, CASE WHEN r.kind = 'private' OR (r.kind = 'open' AND r.archived_at IS NOT NULL) "
    "THEN r.active_at END, r.seq "
    "FROM asked CROSS JOIN klatch_membership m JOIN klatch_room r ON r.id = m.room_id WHERE m.user_id = asked.person"
)


def _rooms(q: str | None, after: str | None) -> QuerySet[Room]:
    rooms = Room.objects.all()
    if q:
        rooms = rooms.filter(Q(name__icontains=q) | Q(description__icontains=q) | Q(slug__icontains=q))
    return rooms if after is None else rooms.filter(_beyond(after))


def _moment(stored: Any) -> datetime:
    # SQLite has no type of its own for it.
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _beyond(cursor: str) -> Q:
    at, _, room = cursor.partition("-")
    try:
        moment = EPOCH + timedelta(microseconds=queries.number(at))
    except OverflowError:
        raise queries.not_ours() from None
    return Q(active_at__lt=moment) | Q(active_at=moment, pk__lt=queries.number(room))


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
