"""From numbered envelopes to connections: who follows which room, in what order, and repair from the log.

Knows rooms and people by number only. Decides no right: memberships are read, removals are obeyed.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from klatch import protocol, queries, serialize
from klatch.errors import Close, KlatchError, NotFound
from klatch.models import Event
from klatch.presence import presence
from klatch.realtime import resume
from klatch.realtime.announce import Announcer
from klatch.realtime.connection import Connection
from klatch.realtime.database import Database
from klatch.realtime.feed import Feed
from klatch.realtime.hub import Hub
from klatch.relay import Envelope

logger = logging.getLogger("klatch.delivery")

GAP_PAGE = 500  # events read at once to fill a gap
OVERLAP = 2_000  # rows of the log read again by the membership look: on PostgreSQL ids may become visible out of order

Spawn = Callable[[Coroutine[Any, Any, Any]], object]


class Delivery:
    """The feeds of the rooms that are followed here. ``looks`` reads for the periodic look, ``spawn`` runs beside."""

    def __init__(self, hub: Hub, database: Database, looks: Database, announcer: Announcer, spawn: Spawn) -> None:
        self._hub = hub
        self._database = database
        self._looks = looks
        self._announcer = announcer
        self._spawn = spawn
        self._feeds: dict[int, Feed] = {}
        self._refilling: set[int] = set()
        self._log_id = 0
        self._owed: set[tuple[int, int]] = set()  # room and person: to be let in by the next look at the log

    async def start(self) -> None:
        self._log_id = await self._database.read(queries.last_event_id)

    @property
    def rooms(self) -> list[int]:
        """The rooms that somebody follows here."""
        return list(self._feeds)

    def given(self, room: int) -> int:
        """The number of the last event of a room that its followers were given: none that waits for the hub's round."""
        followers = self._hub.rooms[room]
        if followers.texts:
            return followers.first - 1
        return followers.last or self._feeds[room].seq or 0

    def attach(self, connection: Connection, room: int, *, hold: bool) -> None:
        """Have the room's next events sent to the connection; with ``hold`` only after ``release``."""
        if room in connection.rooms:
            return
        if hold:
            connection.held[room] = []
        self._hub.attach(connection, room)
        if room not in self._feeds:
            self._feeds[room] = Feed(room)
        self._announcer.enter(room, connection.user)

    def release(self, connection: Connection, room: int, seq: int) -> None:
        """The connection knows everything up to ``seq``: give it what was held beyond that, and let it run."""
        self._hub.flush()
        self._start_feed(room, seq)
        self._hub.flush()
        held = connection.held.get(room)
        if held is None:
            return
        first = held[0].first if held else (self._feeds[room].seq or 0) + 1
        if first > seq + 1:
            # Somebody who knew more has started the feed beyond this number.
            self._spawn(self._bridge(connection, room, seq))
            return
        del connection.held[room]
        for chunk in held:
            if chunk.last > seq:
                self._hub.say(connection, *chunk.texts[max(0, seq - chunk.first + 1) :])

    async def _bridge(self, connection: Connection, room: int, seq: int) -> None:
        """Read what lies between ``seq`` and what is held, then release. The person may be gone by now."""
        try:
            head, texts = await self._database.read(_catch_up, connection.user, room, seq)
        except NotFound:
            self.forget(connection, room)
        except KlatchError:
            connection.cut(Close.SHUTDOWN)
        else:
            if room in connection.held:
                self._hub.say(connection, *texts)
                self.release(connection, room, head)

    def detach(self, connection: Connection, room: int) -> None:
        """Nothing of the room that comes after this call reaches the connection."""
        if room in connection.rooms:
            self.unfollow(connection, room)
            self._announcer.leave(room, connection.user)

    def unfollow(self, connection: Connection, room: int) -> None:
        """The same for a connection that ends: whether the person is gone is not said yet."""
        if not self._hub.detach(connection, room):
            self._feeds.pop(room, None)

    def receive(self, room: int, envelopes: Sequence[Envelope]) -> None:
        """Take numbered envelopes of one room from the relay: in any order, any number of times."""
        feed = self._feeds.get(room)
        if feed is not None:
            self._deliver(feed.accept(envelopes))
            if feed.missing is not None:
                self._refill(room)
        self._let_in_joined(envelopes)

    def _deliver(self, envelopes: Iterable[Envelope]) -> None:
        for envelope in envelopes:
            self._hub.deliver(envelope)
            if envelope.user and envelope.kind == Event.Kind.MEMBER_LEFT:
                removed = json.loads(envelope.text or "{}").get("removed", False)
                self._let_out(envelope.user, envelope.room, removed=removed)

    def _let_out(self, user: int, room: int, *, removed: bool) -> None:
        """From now on nothing of the room reaches this person, in this process, on any connection."""
        for connection in list(self._hub.users.get(user, ())):
            self.forget(connection, room, removed=removed)

    def forget(self, connection: Connection, room: int, *, removed: bool = True) -> None:
        """The room is no longer this person's: if the connection follows it, no more, and it is told so."""
        if room in connection.rooms:
            self.detach(connection, room)
            frame = {"type": "room.removed", "room": room, "removed": removed}
            self._hub.say(connection, protocol.encode(frame))

    def _let_in_joined(self, envelopes: Iterable[Envelope]) -> None:
        for envelope in envelopes:
            if envelope.user and envelope.kind == Event.Kind.MEMBER_JOINED:
                self._let_in(envelope.user, envelope.room)

    def _let_in(self, user: int, room: int) -> None:
        for connection in list(self._hub.users.get(user, ())):
            if room in connection.rooms or room in connection.unsubscribed:
                continue
            if connection.welcomed:
                self._spawn(self.welcome_to(connection, room))
            else:
                # The welcome may have been read before.
                self._owed.add((room, user))

    async def welcome_to(self, connection: Connection, room: int) -> None:
        """Attach a connection to a room that its person belongs to now, and say so."""
        if room in connection.rooms:
            # Told twice at once: a second look, older than what was said since, would set the client back.
            return
        self.attach(connection, room, hold=True)
        try:
            mine = await self._database.read(_my_room, connection.user, room)
        except NotFound:
            self.forget(connection, room)
            return
        except KlatchError:
            self.detach(connection, room)
            self._owed.add((room, connection.user))
            return
        if room in connection.rooms:
            self._hub.say(connection, protocol.encode({"type": "room.added", "room": mine}))
            self.release(connection, room, mine["seq"])

    def _start_feed(self, room: int, seq: int) -> None:
        feed = self._feeds.get(room)
        if feed is not None and feed.seq is None:
            self._deliver(feed.start(seq))
            if feed.missing is not None:
                self._refill(room)

    # Repair from the log

    def _refill(self, room: int) -> None:
        if room not in self._refilling:
            self._refilling.add(room)
            self._spawn(self._fill_gap(room))

    async def _fill_gap(self, room: int) -> None:
        try:
            # An envelope that is only late comes within this turn of the loop; the log is for those that are lost.
            await asyncio.sleep(0)
            while (feed := self._feeds.get(room)) is not None and (gap := feed.missing) is not None:
                found, left = await self._database.read(_gap, room, *gap)
                if self._feeds.get(room) is not feed:
                    continue
                for user, _, removed in left:
                    self._let_out(user, room, removed=removed)
                self._deliver(feed.accept(found))
                gone = {user: seq for user, seq, _ in left}
                self._let_in_joined(envelope for envelope in found if envelope.seq > gone.get(envelope.user, 0))
                if feed.seq == gap[0]:
                    # Heard of, not there yet: the next look at the log asks again.
                    feed.head = feed.seq
                    return
        except KlatchError as problem:
            logger.warning("Room %s cannot be read now: %s", room, problem)
        finally:
            self._refilling.discard(room)

    def begin_anew(self) -> None:
        """Another log, with other events under the same numbers: whoever follows from now on starts the feeds."""
        self._feeds = {room: Feed(room) for room in self._feeds}
        self._log_id = 0

    async def look_at_log(self) -> None:
        """Compare every followed room with the log, and who came and went: finds what was lost without a trace."""
        last, heads, changes = await self._looks.read(_heads, list(self._feeds), max(0, self._log_id - OVERLAP))
        self._log_id = max(self._log_id, last)
        for room, head in heads.items():
            feed = self._feeds.get(room)
            if feed is not None:
                feed.heard(head)
                if feed.missing is not None:
                    self._refill(room)
        owed, self._owed = self._owed, set()
        for event in changes:
            if event.user_id in self._hub.users:
                change = owed.add if event.kind == Event.Kind.MEMBER_JOINED else owed.discard
                change((event.room_id, event.user_id))
        for room, user in owed:
            self._let_in(user, room)


def _my_room(user_id: int, room: int) -> protocol.MyRoom:
    user = _person(user_id)
    mine = queries.membership(user, room)
    people = queries.people_of([mine.room])[room] if mine.room.is_direct else None
    return serialize.my_room(mine, presence.online_in(room), people)


def _catch_up(user_id: int, room: int, known: int) -> tuple[int, list[str]]:
    return resume.read_room(_person(user_id), room, known)


def _person(user_id: int) -> Any:
    user = queries.person(user_id)
    if user is None:
        raise NotFound
    return user


def _gap(room: int, after: int, upto: int) -> tuple[list[Envelope], list[tuple[int, int, bool]]]:
    """Events of the log, and who has left since ``after``.

    Frames are made of rows as they are now: who has left by now, within the gap or beyond it, may not see them.
    """
    envelopes = [
        Envelope(row.kind, room, row.seq, row.user_id or 0, protocol.encode(serialize.event(row, reactions)))
        for row, reactions in queries.events_between(room, after, min(upto, after + GAP_PAGE))
    ]
    return envelopes, queries.left_since(room, after)


def _heads(rooms: list[int], after_id: int) -> tuple[int, dict[int, int], list[Event]]:
    # Where the next look begins: else it would read everything since somebody last came or went.
    return queries.last_event_id(), queries.heads(rooms), queries.membership_events(after_id)
