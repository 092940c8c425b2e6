"""What a client missed: attach first, then check membership and read the log, then merge.

Either every missing event, in order, or ``reset``; never a part.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from klatch import log, protocol, queries, serialize
from klatch.conf import conf
from klatch.models import Membership
from klatch.presence import presence

AT_ONCE = 200  # events
PAGE = 50  # events for somebody who cannot keep up
PAGE_BYTES = 65_536


class Caught(NamedTuple):
    """What was read for one room: its head at that moment, the encoded events after the client's number, or a reset."""

    head: int
    events: list[str]
    reset: bool


class Page(NamedTuple):
    """A part of what was missed, for a connection that stays: the events up to ``upto``; ``head`` is the room's.

    ``anew`` is the room as it is now where there is more to tell than events can: then there are none.
    """

    upto: int
    head: int
    events: list[str]
    anew: protocol.MyRoom | None


class Snapshot(NamedTuple):
    """All that a hello is answered with, read in one visit to the database."""

    epoch: UUID
    rooms: list[protocol.MyRoom]
    caught: dict[int, Caught]


def read(user: Any, epoch: UUID | None, known: Mapping[int, int]) -> Snapshot:
    """Every room of ``user``, and for those in ``known`` what followed the number the client has."""
    current = log.epoch()
    memberships = queries.my_memberships(user)
    people = queries.people_of([row.room for row in memberships])
    same = epoch == current
    caught: dict[int, Caught] = {}
    left = conf().outbox_bytes
    for row in memberships:
        caught[row.room_id] = catch_up(row, known.get(row.room_id), same, left)
        left -= sum(map(len, caught[row.room_id].events))
    rooms = [_my_room(row, people) for row in memberships]
    # Frames are made of rows as they are now. Who is still a member after the look was one while it lasted.
    mine = queries.rooms_of(user)
    return Snapshot(
        current,
        [room for room in rooms if room["id"] in mine],
        {room: found for room, found in caught.items() if room in mine},
    )


def read_room(user: Any, room: int, known: int | None) -> Caught:
    """The same for one room. Raises ``NotFound``."""
    caught = catch_up(queries.membership(user, room), known, True, conf().outbox_bytes)
    queries.membership(user, room)
    return caught


def read_page(user: Any, room: int, known: int) -> Page:
    """The next events of one room, as many as go into a page. Raises ``NotFound``."""
    mine = queries.membership(user, room)
    head = mine.room.seq
    events: list[str] = []
    size = 0
    if known <= head <= known + conf().resume_events:
        for row, reactions in queries.events_between(room, known, min(head, known + PAGE)):
            if row.seq != known + len(events) + 1 or size > PAGE_BYTES:
                break
            events.append(protocol.encode(serialize.event(row, reactions)))
            size += len(events[-1])
    anew = None
    if known != head and not events:
        anew = _my_room(mine, queries.people_of([mine.room]) if mine.room.is_direct else {})
    queries.membership(user, room)
    return Page(known + len(events) if anew is None else head, head, events, anew)


def catch_up(membership: Membership, known: int | None, same_epoch: bool, allowed: int) -> Caught:
    """The events after ``known`` up to the head of the room as this membership row saw it.

    A reset where they are more than ``allowed`` characters: otherwise one person with long messages in many rooms
    could have any amount of them gathered here, again with each hello.
    """
    head = membership.room.seq
    if known is None:
        return Caught(head, [], False)
    if not same_epoch or known > head or head - known > conf().resume_events:
        return Caught(head, [], True)
    if known == head:
        return Caught(head, [], False)
    if allowed <= 0:
        return Caught(head, [], True)
    events: list[str] = []
    for after in range(known, head, AT_ONCE):
        rows = queries.events_between(membership.room_id, after, min(head, after + AT_ONCE))
        events += [protocol.encode(serialize.event(row, reactions)) for row, reactions in rows]
        allowed -= sum(map(len, events[-len(rows) :]))
        if len(events) != min(head, after + AT_ONCE) - known or allowed < 0:
            # Old rows of the log may have been cleared away; a part is never passed off as the whole.
            return Caught(head, [], True)
    return Caught(head, events, False)


def _my_room(row: Membership, people: Mapping[int, list[Any]]) -> protocol.MyRoom:
    talkers = people.get(row.room_id, []) if row.room.is_direct else None
    return serialize.my_room(row, presence.online_in(row.room_id), talkers)
