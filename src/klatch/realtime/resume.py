"""What a client missed: attach first, then check membership and read the log, then merge.

Either every missing event, in order, or ``reset``; never a part.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from klatch import log, lookups, protocol, queries, serialize
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

    def texts(self, room: int) -> list[str]:
        """The same as frames."""
        return [_reset(room, self.head)] if self.reset else self.events


class Page(NamedTuple):
    """A part of what was missed, for a connection that stays: the frames up to ``upto``; ``head`` is the room's."""

    upto: int
    head: int
    texts: list[str]


class Hello(NamedTuple):
    """Who comes, and what they know: of which log, and of each room the last number."""

    user: Any
    epoch: UUID | None
    known: Mapping[int, int]


class Snapshot(NamedTuple):
    """All that a hello is answered with."""

    epoch: UUID
    rooms: list[protocol.MyRoom]
    caught: dict[int, Caught]


def read(hellos: Sequence[Hello]) -> list[Snapshot]:
    """Of each who comes every room, and for those they know what followed the number they have. One visit for all."""
    current = log.epoch()
    memberships = lookups.memberships({hello.user.pk for hello in hellos})
    people = queries.people_of({row.room_id: row.room for theirs in memberships.values() for row in theirs}.values())
    online = cache(presence.online_in)
    read_log = cache(_read_log)  # people who were away together miss the same
    found: list[tuple[list[protocol.MyRoom], dict[int, Caught]]] = []
    for hello in hellos:
        mine = memberships[hello.user.pk][: conf().rooms_per_user]
        caught: dict[int, Caught] = {}
        left = conf().outbox_bytes
        for row in mine:
            caught[row.room_id] = catch_up(row, hello.known.get(row.room_id), hello.epoch == current, left, read_log)
            left -= sum(map(len, caught[row.room_id].events))
        found.append(([_my_room(row, people, online(row.room_id)) for row in mine], caught))
    # Frames are made of rows as they are now. Who is still a member after the look was one while it lasted.
    still = lookups.rooms_of({hello.user.pk for hello in hellos})
    return [
        Snapshot(
            current,
            [room for room in rooms if room["id"] in still[hello.user.pk]],
            {room: events for room, events in caught.items() if room in still[hello.user.pk]},
        )
        for hello, (rooms, caught) in zip(hellos, found, strict=True)
    ]


def read_room(user: Any, room: int, known: int | None) -> tuple[int, list[str]]:
    """The same for one room of a connection that stays: its head, and the frames to send. Raises ``NotFound``."""
    mine = queries.membership(user, room)
    caught = catch_up(mine, known, True, conf().outbox_bytes)
    texts = _begin_anew(mine) if caught.reset else caught.events
    queries.membership(user, room)
    return caught.head, texts


def read_page(user: Any, room: int, known: int) -> Page:
    """The next events of one room, as many as go into a page; or a reset. Raises ``NotFound``."""
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
    anew = known != head and not events
    page = Page(head, head, _begin_anew(mine)) if anew else Page(known + len(events), head, events)
    queries.membership(user, room)
    return page


def _read_log(room: int, after: int, upto: int) -> list[str]:
    rows = queries.events_between(room, after, upto)
    return [protocol.encode(serialize.event(row, reactions)) for row, reactions in rows]


def catch_up(
    membership: Membership,
    known: int | None,
    same_epoch: bool,
    allowed: int,
    read_log: Callable[[int, int, int], list[str]] = _read_log,
) -> Caught:
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
        following = read_log(membership.room_id, after, min(head, after + AT_ONCE))
        events += following
        allowed -= sum(map(len, following))
        if len(events) != min(head, after + AT_ONCE) - known or allowed < 0:
            # Old rows of the log may have been cleared away; a part is never passed off as the whole.
            return Caught(head, [], True)
    return Caught(head, events, False)


def _begin_anew(mine: Membership) -> list[str]:
    """A reset where no welcome says what the room is now: that goes before it."""
    people = queries.people_of([mine.room]) if mine.room.is_direct else {}
    now = _my_room(mine, people, presence.online_in(mine.room_id))
    return [protocol.encode({"type": "room.added", "room": now}), _reset(mine.room_id, mine.room.seq)]


def _reset(room: int, seq: int) -> str:
    return protocol.encode({"type": "reset", "room": room, "seq": seq})


def _my_room(row: Membership, people: Mapping[int, list[Any]], online: Collection[int]) -> protocol.MyRoom:
    talkers = people.get(row.room_id, []) if row.room.is_direct else None
    return serialize.my_room(row, online, talkers)
