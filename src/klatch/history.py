"""A page of a room: which messages, each at which version, and the notices between them. Checks no rights.

Words are looked up by version (``encoded``): nothing here reads them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet
from django.db.models.functions import Length

from klatch import queries
from klatch.errors import Invalid, NotFound
from klatch.models import Event, Message, Room

NOTICES_PAGE = 200
PAGE_CHARS = 400_000  # of text and HTML in a page of history: a hundred long messages would be megabytes


class Place(NamedTuple):
    """Which page of a room: before, after or around a position; the newest where none is given."""

    before: int | None
    after: int | None
    around: int | None
    limit: int


class Row(NamedTuple):
    """Of a message what a page has to know before its words are looked up."""

    version: queries.Version
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
    room = Room.objects.filter(pk=room_id).first()
    if room is None:
        raise NotFound
    rows = Message.objects.filter(room_id=room_id).annotate(chars=Length("body") + Length("html"))
    if after is not None:
        found = _fitting(rows.filter(position__gt=after).order_by("position")[:limit])
    elif around is not None:
        newer = _fitting(rows.filter(position__gte=around).order_by("position")[:limit], PAGE_CHARS // 2)
        older = _fitting(
            rows.filter(position__lt=around).order_by("-position")[: max(limit // 2, limit - len(newer))],
            PAGE_CHARS // 2,
        )
        found = [*reversed(older), *newer[: limit - len(older)]]
    else:
        if before is not None:
            rows = rows.filter(position__lt=before)
        found = list(reversed(_fitting(rows.order_by("-position")[:limit])))
    start = found[0].position <= 1 if found else not (after and room.count)
    # Against the count read before the found: a message that came between is live, not part of this found.
    end = found[-1].position >= room.count if found else before is None or before > room.count
    return Page(room_id, room.seq, found, _notices(room, found, start, end), start, end)


def _fitting(rows: QuerySet[Message], chars: int = PAGE_CHARS) -> list[Row]:
    """As many of these as one reply may hold, but at least one."""
    found: list[Row] = []
    for position, seq, size, *version in rows.values_list("position", "seq", "chars", *queries.VERSION):
        chars -= size
        if found and chars < 0:
            break
        found.append(Row(queries.Version(*version), position, seq, size))
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
