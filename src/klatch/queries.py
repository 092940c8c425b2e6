"""Every read that is longer than a line. Never writes. Finds rooms through the reader's own memberships only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from klatch import search
from klatch.adapter import adapter
from klatch.conf import conf
from klatch.errors import Invalid, NotFound
from klatch.models import Ban, Event, Membership, Message, Reaction, Room
from klatch.text.search import parse_query

NOTICES = (Event.Kind.MEMBER_JOINED, Event.Kind.MEMBER_LEFT, Event.Kind.MEMBER_CHANGED, Event.Kind.ROOM_CHANGED)
MEMBERSHIP_KINDS = (Event.Kind.MEMBER_JOINED, Event.Kind.MEMBER_LEFT)
DIRECTORY_PAGE = 100
MEMBERS_PAGE = 200
PEOPLE_FOUND = 30
NOTICES_PAGE = 200
PAGE_CHARS = 400_000  # of text and HTML in a page of history: a hundred long messages would be megabytes
ROOMS_AT_ONCE = 10_000  # databases take only so many parameters


def membership(user: Any, room_id: int) -> Membership:
    """The reader's own membership, its room loaded. Raises ``NotFound``, whether the room is missing or not theirs."""
    found = Membership.objects.select_related("room").filter(room_id=room_id, user_id=user.pk).first()
    if found is None:
        raise NotFound
    return found


def my_memberships(user: Any) -> list[Membership]:
    """Every room of this person, the most recently active first, at most ``rooms_per_user``."""
    mine = Membership.objects.select_related("room").filter(user_id=user.pk)
    return list(mine.order_by("-room__active_at")[: conf().rooms_per_user])


def people_of(rooms: Iterable[Room]) -> dict[int, list[Any]]:
    """Who talks in each of the direct rooms among these."""
    direct = [room.pk for room in rooms if room.is_direct]
    found: dict[int, list[Any]] = defaultdict(list)
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


class Page(NamedTuple):
    """Messages in rising order of position, and whether the room starts or ends here."""

    room: Room
    messages: list[Message]
    reactions: Reactions
    notices: list[Event]
    start: bool
    end: bool


def history(user: Any, room_id: int, *, before: int | None, after: int | None, around: int | None, limit: int) -> Page:
    """A page of a room: before, after or around a position; the newest where none is given.

    Raises ``NotFound``; ``Invalid`` where more than one place is given.
    """
    if sum(place is not None for place in (before, after, around)) > 1:
        raise Invalid("Give one of before, after and around.")
    room = membership(user, room_id).room
    rows = messages().filter(room_id=room.pk)
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
    made = Page(room, page, reactions_to(row.pk for row in page), _notices(room, page, start, end), start, end)
    # Rows are read as they are now: who is still a member after the last of them was one while they were read.
    membership(user, room_id)
    return made


def _fitting(rows: Iterable[Message], chars: int = PAGE_CHARS) -> list[Message]:
    """As many of these as one reply may hold, but at least one."""
    found: list[Message] = []
    for row in rows:
        chars -= len(row.body) + len(row.html)
        if found and chars < 0:
            break
        found.append(row)
    return found


def _notices(room: Room, page: Sequence[Message], start: bool, end: bool) -> list[Event]:
    """Each notice belongs to the message before it, so that pages which adjoin lose none and repeat none."""
    if not page and not (start and end):
        return []
    rows = Event.objects.select_related("actor", "user", "room").filter(room_id=room.pk, kind__in=NOTICES)
    if not start:
        rows = rows.filter(seq__gt=page[0].seq)
    if not end:
        following = Message.objects.filter(room_id=room.pk, position__gt=page[-1].position).order_by("position")
        rows = rows.filter(seq__lt=following.values("seq")[:1])
    return list(reversed(rows.order_by("-seq")[:NOTICES_PAGE]))


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


def directory(user: Any, q: str | None, after: str | None) -> tuple[list[tuple[Room, bool]], str | None]:
    """Open rooms and the reader's own (direct ones left out), the most recently active first; the next page's cursor.

    Raises ``Invalid`` for a cursor that is not ours.
    """
    mine = set(Membership.objects.filter(user_id=user.pk).values_list("room_id", flat=True))
    rows = Room.objects.exclude(kind=Room.Kind.DIRECT).filter(
        Q(kind=Room.Kind.OPEN, archived_at=None)
        | Q(pk__in=Membership.objects.filter(user_id=user.pk).values("room_id"))
    )
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(description__icontains=q) | Q(slug__icontains=q))
    offset = _number(after)
    page = list(rows.order_by("-active_at", "-pk")[offset : offset + DIRECTORY_PAGE + 1])
    following = str(offset + DIRECTORY_PAGE) if len(page) > DIRECTORY_PAGE else None
    return [(room, room.pk in mine) for room in page[:DIRECTORY_PAGE]], following


def members(user: Any, room_id: int, after: str | None) -> tuple[list[Membership], str | None]:
    """Who belongs to a room of the reader, by the time they joined. Raises ``NotFound``, ``Invalid``."""
    membership(user, room_id)
    rows = Membership.objects.select_related("user").filter(room_id=room_id, pk__gt=_number(after)).order_by("pk")
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


def found(
    user: Any, q: str, room_id: int | None, before: int | None, limit: int
) -> tuple[list[Message], int | None, Reactions]:
    """Messages with every word of ``q`` in rooms of the reader, newest first; the next page's cursor; the reactions.

    Raises ``NotFound`` for a room that is not theirs.
    """
    rooms = Membership.objects.filter(user_id=user.pk)
    if room_id is not None:
        membership(user, room_id)
        rooms = rooms.filter(room_id=room_id)
    ids = search.find(parse_query(q), list(rooms.values_list("room_id", flat=True)), before, limit + 1)
    by_id = {row.pk: row for row in messages().select_related("room").filter(pk__in=ids, deleted_at=None)}
    given = reactions_to(by_id)
    # Again against the rooms: the index decides what matches, never what may be seen.
    mine = set(Membership.objects.filter(user_id=user.pk).values_list("room_id", flat=True))
    hits = [by_id[key] for key in ids[:limit] if key in by_id and by_id[key].room_id in mine]
    return hits, (ids[limit - 1] if len(ids) > limit else None), given


def person(user_id: int) -> Any:
    """An active account, or None."""
    return get_user_model()._default_manager.filter(pk=user_id, is_active=True).first()


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise Invalid("This cursor is not one of ours.", fields={"after": "unknown cursor"})
    return int(cursor)
