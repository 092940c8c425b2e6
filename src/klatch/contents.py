"""What a page consists of: which messages and rooms, each at which version, and who may see it. Never writes.

Words are looked up by version (``encoded``): nothing here reads them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from klatch import queries, search
from klatch.errors import Invalid, NotFound
from klatch.models import Event, Message, Room
from klatch.text.search import parse_query

DIRECTORY_PAGE = 100
NOTICES_PAGE = 200
PAGE_CHARS = 400_000  # of text and HTML in a page of history: a hundred long messages would be megabytes
PAIRS_AT_ONCE = 400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Version(NamedTuple):
    """Of a message and of what it quotes: ``rev`` moves with each edit, reaction and deletion; accounts may vanish."""

    id: int
    rev: int
    author: int | None
    quoted: int | None
    quoted_rev: int | None
    quoted_author: int | None


VERSION = ("pk", "rev", "author_id", "reply_to_id", "reply_to__rev", "reply_to__author_id")


def versions(ids: Iterable[int]) -> list[Version]:
    """What these messages are at now."""
    return [Version(*row) for row in Message.objects.filter(pk__in=list(ids)).values_list(*VERSION)]


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


def history(room_id: int, place: Place) -> Page:
    """A page of a room. Checks no rights: a caller asks for the membership *after* it, of everybody who gets it.

    Raises ``NotFound`` for a room that is gone; ``Invalid`` where more than one place is given.
    """
    before, after, around, limit = place
    if sum(given is not None for given in (before, after, around)) > 1:
        raise Invalid("Give one of before, after and around.")
    room = Room.objects.filter(pk=room_id).first()
    if room is None:
        raise NotFound
    rows = Message.objects.filter(room_id=room_id).annotate(chars=Length("body") + Length("html"))
    if after is not None:
        page = _fitting(rows.filter(position__gt=after).order_by("position")[:limit])
    elif around is not None:
        newer = _fitting(rows.filter(position__gte=around).order_by("position")[:limit], PAGE_CHARS // 2)
        older = _fitting(
            rows.filter(position__lt=around).order_by("-position")[: max(limit // 2, limit - len(newer))],
            PAGE_CHARS // 2,
        )
        page = [*reversed(older), *newer[: limit - len(older)]]
    else:
        if before is not None:
            rows = rows.filter(position__lt=before)
        page = list(reversed(_fitting(rows.order_by("-position")[:limit])))
    start = page[0].position <= 1 if page else not (after and room.count)
    # Against the count read before the page: a message that came between is live, not part of this page.
    end = page[-1].position >= room.count if page else before is None or before > room.count
    return Page(room_id, room.seq, page, _notices(room, page, start, end), start, end)


def _fitting(rows: QuerySet[Message], chars: int = PAGE_CHARS) -> list[Row]:
    """As many of these as one reply may hold, but at least one."""
    found: list[Row] = []
    for position, seq, size, *version in rows.values_list("position", "seq", "chars", *VERSION):
        chars -= size
        if found and chars < 0:
            break
        found.append(Row(Version(*version), position, seq, size))
    return found


def _notices(room: Room, page: Sequence[Row], start: bool, end: bool) -> list[Event]:
    """Each notice belongs to the message before it, so that pages which adjoin lose none and repeat none."""
    if not page and not (start and end):
        return []
    rows = Event.objects.select_related("actor", "user", "room").filter(room_id=room.pk, kind__in=queries.NOTICES)
    if not start:
        rows = rows.filter(seq__gt=page[0].seq)
    if not end:
        following = Message.objects.filter(room_id=room.pk, position__gt=page[-1].position).order_by("position")
        rows = rows.filter(seq__lt=following.values("seq")[:1])
    return list(reversed(rows.order_by("-seq")[:NOTICES_PAGE]))


class Listed(NamedTuple):
    """A room of the directory: what it is sorted by, the number of its last event, whether it is the reader's."""

    active_at: datetime
    id: int
    seq: int
    member: bool


type Beginning = tuple[datetime, int, int]  # of Listed: what is the same for every reader


def directory(
    user: Any, q: str | None, after: str | None, listed: Sequence[Beginning] | None = None
) -> tuple[list[Listed], str | None]:
    """Open rooms and the reader's own (direct ones left out), the most recently active first; the next page's cursor.

    ``listed``: what ``open_rooms`` gives, if it is known. Raises ``Invalid`` for a cursor that is not ours.
    """
    mine = rooms_of(user)
    rooms = list(listed if listed is not None else open_rooms(q, after))
    own = _closed_rooms(user)
    if own and (q or after is not None):
        own = list(_rooms(q, after).filter(pk__in=[row[1] for row in own]).values_list(*LISTED))
    rooms = sorted(rooms + own, reverse=True) if own else rooms
    page = [Listed(*row, row[1] in mine) for row in rooms[:DIRECTORY_PAGE]]
    last = page[-1] if len(rooms) > DIRECTORY_PAGE else None
    return page, f"{_micros(last.active_at)}-{last.id}" if last is not None else None


LISTED = ("active_at", "pk", "seq")


def open_rooms(q: str | None, after: str | None) -> list[Beginning]:
    """A page of the open rooms, and one more where there are more. Raises ``Invalid``."""
    rooms = _rooms(q, after).filter(kind=Room.Kind.OPEN, archived_at=None).order_by("-active_at", "-pk")
    return list(rooms.values_list(*LISTED)[: DIRECTORY_PAGE + 1])


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
    return rooms_of(user) | set(open_now)


def _beyond(cursor: str) -> Q:
    at, _, room = cursor.partition("-")
    try:
        moment = EPOCH + timedelta(microseconds=queries.number(at))
    except OverflowError:
        raise queries.not_ours() from None
    return Q(active_at__lt=moment) | Q(active_at=moment, pk__lt=queries.number(room))


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


class Hit(NamedTuple):
    """A message that was found, with the number of its room's last event."""

    version: Version
    room_id: int
    room_seq: int


def found(user: Any, q: str, room_id: int | None, before: int | None, limit: int) -> tuple[list[Hit], int | None]:
    """Messages with every word of ``q`` in rooms of the reader, newest first, and the next page's cursor.

    Raises ``NotFound`` for a room that is not theirs.
    """
    mine = rooms_of(user)
    if room_id is not None:
        if room_id not in mine:
            raise NotFound
        mine = {room_id}
    ids = search.find(parse_query(q), sorted(mine), before, limit + 1)
    by_id = {hit.version.id: hit for hit in hits(user, ids[:limit])}
    return [by_id[key] for key in ids[:limit] if key in by_id], (ids[limit - 1] if len(ids) > limit else None)


def rooms_of(user: Any) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT room_id FROM klatch_membership WHERE user_id = %s", [user.pk])
        return {row[0] for row in cursor.fetchall()}


def hits(user: Any, ids: Sequence[int]) -> list[Hit]:
    """Those of these messages that the reader may see now: the index decides what matches, never what may be seen."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_HITS + f"({', '.join(['%s'] * len(ids))})", [user.pk, *ids])
        return [Hit(Version(*row[:6]), row[6], row[7]) for row in cursor.fetchall()]


# By hand what is asked thousands of times a second: the ORM takes longer to write it than the database to run it.
_STANDING = (
    "SELECT m.room_id, m.user_id, r.seq FROM asked JOIN klatch_membership m "
    "ON m.room_id = asked.room AND m.user_id = asked.person JOIN klatch_room r ON r.id = m.room_id"
)
_HITS = (
    "SELECT m.id, m.rev, m.author_id, q.id, q.rev, q.author_id, r.id, r.seq FROM klatch_message m "
    "JOIN klatch_membership mine ON mine.room_id = m.room_id AND mine.user_id = %s "
    "JOIN klatch_room r ON r.id = m.room_id LEFT JOIN klatch_message q ON q.id = m.reply_to_id "
    "WHERE m.deleted_at IS NULL AND m.id IN "
)


def standing(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Which of these (room, person) are memberships now; with the number of the room's last event at that moment."""
    wanted = list(pairs)
    found: dict[tuple[int, int], int] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), PAIRS_AT_ONCE):
            part = wanted[start : start + PAIRS_AT_ONCE]
            marks = ", ".join(["(%s, %s)"] * len(part))
            asked = f"WITH asked(room, person) AS (VALUES {marks}) "
            cursor.execute(asked + _STANDING, [number for pair in part for number in pair])
            found.update({(room, user): seq for room, user, seq in cursor.fetchall()})
    return found


def touched(room_id: int, after: int, upto: int) -> set[int]:
    """The messages that the events with ``after < seq <= upto`` are about."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after, seq__lte=upto, message__isnull=False)
    return set(rows.values_list("message_id", flat=True))


def state() -> Any:
    """Two equal values, asked for on one thread that does not write, mean that nothing at all was committed between."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Another connection counts by itself.
            cursor.execute("PRAGMA data_version")
            return connection.connection, cursor.fetchone()[0]
        cursor.execute("SELECT pg_current_snapshot()::text")
        return cursor.fetchone()[0]
