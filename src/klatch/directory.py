"""The list of rooms that a person may see, the most recently active first, page by page. Never writes.

As in ``history``, rooms are named by version: what is shown of one is ``encoded``'s.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from klatch import lookups, queries
from klatch.models import Room

PAGE = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Listed(NamedTuple):
    """A room of the directory: what it is sorted by, the number of its last event, whether it is the reader's."""

    active_at: datetime
    id: int
    seq: int
    member: bool


type Beginning = tuple[datetime, int, int]  # of Listed: what is the same for every reader


def page(
    user: Any, q: str | None, after: str | None, listed: Sequence[Beginning] | None = None
) -> tuple[list[Listed], str | None]:
    """Open rooms and the reader's own (direct ones left out), the most recently active first; the next page's cursor.

    ``listed``: what ``open_rooms`` gives, if it is known. Raises ``Invalid`` for a cursor that is not ours.
    """
    mine = lookups.rooms_of([user.pk])[user.pk]
    rooms = list(listed if listed is not None else open_rooms(q, after))
    own = _closed_rooms(user)
    if own and (q or after is not None):
        own = list(_rooms(q, after).filter(pk__in=[row[1] for row in own]).values_list(*LISTED))
    rooms = sorted(rooms + own, reverse=True) if own else rooms
    found = [Listed(*row, row[1] in mine) for row in rooms[:PAGE]]
    last = found[-1] if len(rooms) > PAGE else None
    return found, f"{_micros(last.active_at)}-{last.id}" if last is not None else None


LISTED = ("active_at", "pk", "seq")


def open_rooms(q: str | None, after: str | None) -> list[Beginning]:
    """A page of the open rooms, and one more where there are more. Raises ``Invalid``."""
    rooms = _rooms(q, after).filter(kind=Room.Kind.OPEN, archived_at=None).order_by("-active_at", "-pk")
    return list(rooms.values_list(*LISTED)[: PAGE + 1])


def _rooms(q: str | None, after: str | None) -> QuerySet[Room]:
    rooms = Room.objects.all()
    if q:
        rooms = rooms.filter(Q(name__icontains=q) | Q(description__icontains=q) | Q(slug__icontains=q))
    return rooms if after is None else rooms.filter(_beyond(after))


_CLOSED = (
    "SELECT r.active_at, r.id, r.seq FROM klatch_membership m JOIN klatch_room r ON r.id = m.room_id "
    "WHERE m.user_id = %s AND (r.kind = 'private' OR (r.kind = 'open' AND r.archived_at IS NOT NULL))"
)


def _closed_rooms(user: Any) -> list[Beginning]:
    """The reader's rooms that are not in everybody's directory."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSED, [user.pk])
        return [(_moment(at), key, seq) for at, key, seq in cursor.fetchall()]


def _moment(stored: Any) -> datetime:
    # SQLite has no type of its own for it.
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def visible(user: Any, room_ids: Sequence[int]) -> set[int]:
    """Those of these rooms that the directory shows to this person."""
    rooms = Room.objects.filter(pk__in=room_ids)
    open_now = rooms.filter(kind=Room.Kind.OPEN, archived_at=None).values_list("pk", flat=True)
    return lookups.rooms_of([user.pk])[user.pk] | set(open_now)


def _beyond(cursor: str) -> Q:
    at, _, room = cursor.partition("-")
    try:
        moment = EPOCH + timedelta(microseconds=queries.number(at))
    except OverflowError:
        raise queries.not_ours() from None
    return Q(active_at__lt=moment) | Q(active_at=moment, pk__lt=queries.number(room))


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
