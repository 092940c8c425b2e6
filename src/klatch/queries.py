"""Every read that is longer than a line. Never writes. Finds rooms through the reader's own memberships only."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from klatch import lookups
from klatch.adapter import adapter
from klatch.conf import conf
from klatch.errors import Invalid, NotFound
from klatch.models import Ban, Event, Membership, Message, Reaction, Room

MEMBERSHIP_KINDS = (Event.Kind.MEMBER_JOINED, Event.Kind.MEMBER_LEFT)
MEMBERS_PAGE = 200
PEOPLE_FOUND = 30
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


def left_since(room_id: int, after: int) -> list[tuple[int, int, bool]]:
    """Who left a room after this number: with the number of that, and whether they were removed. In order."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after, kind=Event.Kind.MEMBER_LEFT, user__isnull=False)
    found = rows.order_by("seq").values_list("user_id", "seq", "data")
    return [(user, seq, bool(data["removed"])) for user, seq, data in found]


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
