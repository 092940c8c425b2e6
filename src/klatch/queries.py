"""Every read that is longer than a line. Never writes. Finds rooms through the reader's own memberships only."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet

from klatch import lookups, search
from klatch.adapter import adapter
from klatch.conf import conf
from klatch.errors import Invalid, NotFound
from klatch.models import Ban, Event, Membership, Message, Reaction, Room
from klatch.text.search import parse_query

NOTICES = (Event.Kind.MEMBER_JOINED, Event.Kind.MEMBER_LEFT, Event.Kind.MEMBER_CHANGED, Event.Kind.ROOM_CHANGED)
MEMBERSHIP_KINDS = (Event.Kind.MEMBER_JOINED, Event.Kind.MEMBER_LEFT)
MEMBERS_PAGE = 200
PEOPLE_FOUND = 30
PAIRS_AT_ONCE = 400
ROOMS_AT_ONCE = 10_000  # databases take only so many parameters


def membership(user: Any, room_id: int) -> Membership:
    """The reader's own membership, its room loaded. Raises ``NotFound``, whether the room is missing or not theirs."""
    # There is one at most: ``first`` would have the database sort it.
    for found in Membership.objects.select_related("room").filter(room_id=room_id, user_id=user.pk)[:1]:
        return found
    raise NotFound


def my_memberships(user: Any) -> list[Membership]:
    """Every room of this person, the most recently active first, at most ``rooms_per_user``."""
    return lookups.memberships([user.pk])[user.pk][: conf().rooms_per_user]


def people_of(rooms: Iterable[Room]) -> dict[int, list[Any]]:
    """Who talks in each of the direct rooms among these."""
    direct = [room.pk for room in rooms if room.is_direct]
    found: dict[int, list[Any]] = defaultdict(list)
    if not direct:
        return found
    for row in Membership.objects.select_related("user").filter(room_id__in=direct).order_by("pk"):
        found[row.room_id].append(row.user)
    return found


def messages() -> QuerySet[Message]:
    """Messages with everything that ``serialize.message`` asks for."""
    return Message.objects.select_related("author", "reply_to", "reply_to__author")


def message(user: Any, message_id: int) -> tuple[Message, Membership]:
    """A message in a room of this person. Raises ``NotFound``."""
    row = messages().select_related("room").filter(pk=message_id).first()
    if row is None:
        raise NotFound
    return row, membership(user, row.room_id)


Reactions = dict[int, list[tuple[str, int]]]


def reactions_to(message_ids: Iterable[int]) -> Reactions:
    """(emoji, user id) of each message, in the order in which they came."""
    found: Reactions = defaultdict(list)
    rows = Reaction.objects.filter(message_id__in=list(message_ids)).order_by("pk")
    for message_id, emoji, user_id in rows.values_list("message_id", "emoji", "user_id"):
        found[message_id].append((emoji, user_id))
    return found


def events_between(room_id: int, after: int, upto: int) -> list[tuple[Event, list[tuple[str, int]]]]:
    """The events with ``after < seq <= upto``, in order, with what ``serialize.event`` asks for.

    Checks no rights: for feeds, and for callers that have checked.
    """
    rows = list(
        Event.objects.select_related(
            "actor", "user", "room", "message", "message__author", "message__reply_to", "message__reply_to__author"
        )
        .filter(room_id=room_id, seq__gt=after, seq__lte=upto)
        .order_by("seq")
    )
    reactions = reactions_to({row.message_id for row in rows if row.message_id is not None})
    return [(row, reactions[row.message_id] if row.message_id is not None else []) for row in rows]


def heads(room_ids: Iterable[int]) -> dict[int, int]:
    """The number of the last event of each of these rooms."""
    wanted = list(room_ids)
    found: dict[int, int] = {}
    for start in range(0, len(wanted), ROOMS_AT_ONCE):
        rows = Room.objects.filter(pk__in=wanted[start : start + ROOMS_AT_ONCE])
        found.update(rows.values_list("pk", "seq"))
    return found


def left_since(room_id: int, after: int) -> list[tuple[int, bool]]:
    """Who left a room after this number, and whether they were removed."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after, kind=Event.Kind.MEMBER_LEFT, user__isnull=False)
    return [(user, bool(data["removed"])) for user, data in rows.order_by("seq").values_list("user_id", "data")]


def last_event_id() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def membership_events(after_id: int) -> list[Event]:
    """Who came and went since this row of the log, in any room: what a lost envelope would have told."""
    rows = Event.objects.filter(pk__gt=after_id, kind__in=MEMBERSHIP_KINDS)
    return list(rows.only("pk", "room_id", "seq", "kind", "user_id").order_by("pk"))


def members(user: Any, room_id: int, after: str | None) -> tuple[list[Membership], str | None]:
    """Who belongs to a room of the reader, by the time they joined. Raises ``NotFound``, ``Invalid``."""
    membership(user, room_id)
    rows = Membership.objects.select_related("user").filter(room_id=room_id, pk__gt=number(after)).order_by("pk")
    page = list(rows[: MEMBERS_PAGE + 1])
    membership(user, room_id)  # again: see history
    following = str(page[MEMBERS_PAGE - 1].pk) if len(page) > MEMBERS_PAGE else None
    return page[:MEMBERS_PAGE], following


def people(user: Any, q: str | None) -> list[Any]:
    """Whom the reader may find."""
    return list(adapter().people(user, q or "")[:PEOPLE_FOUND])


def findable(user: Any, user_ids: Iterable[int]) -> list[Any]:
    """These people, all of them findable by ``user``. Raises ``NotFound``."""
    wanted = set(user_ids)
    found = list(adapter().people(user, "").filter(pk__in=wanted))
    if len(found) != len(wanted):
        raise NotFound("One of these people does not exist.")
    return found


def may_join(user: Any, room_id: int) -> Room:
    """An open room that this person may enter by themselves. Raises ``NotFound``."""
    room = Room.objects.filter(pk=room_id, kind=Room.Kind.OPEN, archived_at=None).first()
    if room is None or Ban.objects.filter(room_id=room_id, user_id=user.pk).exists():
        raise NotFound
    return room


def person(user_id: int) -> Any:
    """An active account, or None."""
    return get_user_model()._default_manager.filter(pk=user_id, is_active=True).first()


def number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise not_ours()
    return int(cursor)


def not_ours() -> Invalid:
    return Invalid("This cursor is not one of ours.", fields={"after": "unknown cursor"})


# Versions of messages, and proofs: what may be kept and given out again is decided by these.


class Version(NamedTuple):
    """Of a message and of what it quotes: ``rev`` moves with each edit, reaction and deletion; accounts may vanish."""

    id: int
    rev: int
    author: int | None
    quoted: int | None
    quoted_rev: int | None
    quoted_author: int | None


class Hit(NamedTuple):
    """A message that was found, with the number of its room's last event."""

    version: Version
    room_id: int
    room_seq: int


def found(user: Any, q: str, room_id: int | None, before: int | None, limit: int) -> tuple[list[Hit], int | None]:
    """Messages with every word of ``q`` in rooms of the reader, newest first, and the next page's cursor.

    Raises ``NotFound`` for a room that is not theirs.
    """
    rooms, given = "SELECT room_id FROM klatch_membership WHERE user_id = %s", [user.pk]
    if room_id is not None:
        if not standing([(room_id, user.pk)]):
            raise NotFound
        rooms, given = f"{rooms} AND room_id = %s", [user.pk, room_id]
    rows: list[Any] = []
    for source, values in search.newest(parse_query(q), rooms, given, before, limit + 1):
        with connection.cursor() as cursor:
            # What matches, what of it may be seen and what it is at now: one statement, one state of the database.
            cursor.execute(f"{_HITS.format(source=source, rooms=rooms)} {_sorted()}", [*values, *given, limit + 1])
            rows = cursor.fetchall()
        if len(rows) > limit:
            break
    hits = [Hit(Version(*row[:6]), row[6], row[7]) for row in rows[:limit]]
    return hits, hits[-1].version.id if len(rows) > limit else None


def _sorted() -> str:
    # SQLite takes the joins in the order in which they stand, so the newest come first and LIMIT ends the search.
    return "LIMIT %s" if connection.vendor == "sqlite" else "ORDER BY m.id DESC LIMIT %s"


_HITS = (
    "SELECT m.id, m.rev, m.author_id, q.id, q.rev, q.author_id, r.id, r.seq FROM ({source}) AS found "
    "CROSS JOIN klatch_message m CROSS JOIN klatch_room r LEFT JOIN klatch_message q ON q.id = m.reply_to_id "
    "WHERE m.id = found.id AND m.deleted_at IS NULL AND m.room_id IN ({rooms}) AND r.id = m.room_id"
)


def rooms_of(user: Any) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT room_id FROM klatch_membership WHERE user_id = %s", [user.pk])
        return {row[0] for row in cursor.fetchall()}


# By hand what is asked thousands of times a second: the ORM takes longer to write it than the database to run it.
_STANDING = (
    "SELECT m.room_id, m.user_id, r.seq FROM asked JOIN klatch_membership m "
    "ON m.room_id = asked.room AND m.user_id = asked.person JOIN klatch_room r ON r.id = m.room_id"
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
