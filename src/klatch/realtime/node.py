"""One for each process: hub, feeds, relay, writer, reads and the periodic looks at the log. Starts and stops them.

Knows rooms and people by number only; the protocol of a socket is ``socket``'s.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Coroutine, Iterable, Sequence
from typing import Any

from klatch import protocol, queries, serialize
from klatch.conf import conf
from klatch.errors import Close, KlatchError, NotFound
from klatch.models import Event
from klatch.presence import PLACE, presence
from klatch.realtime import login, resume
from klatch.realtime.announce import Announcer
from klatch.realtime.connection import Connection
from klatch.realtime.database import Database
from klatch.realtime.feed import Feed
from klatch.realtime.hub import Hub
from klatch.realtime.writer import Writer
from klatch.relay import Envelope, relay

logger = logging.getLogger("klatch.node")

GAP_PAGE = 500  # events read at once to fill a gap
OVERLAP = 2_000  # rows of the log read again by the membership look: on PostgreSQL ids may become visible out of order


class Node:
    """``start`` and ``stop`` belong to the event loop that all sockets of this process run in."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub()
        self.database = Database()
        self.announcer = Announcer(self.hub)
        self.sessions: dict[str, str] = {}  # hash → key of the sessions that hold sockets here
        self._feeds: dict[int, Feed] = {}
        self._refilling: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._log_id = 0
        self._data_version = -1
        self._look_now = asyncio.Event()
        self.running = False

    async def start(self) -> None:
        presence.clear()
        self.writer = Writer()
        await relay().start(self.receive, self._look_now.set)
        self._log_id = await self.database.read(queries.last_event_id)
        self.running = True
        for loop in (self._look_at_log(), self._look_at_rights(), self.announcer.run()):
            self.spawn(loop)

    async def stop(self) -> None:
        """Cut every socket with “come back”, finish what waits to be written, stop everything."""
        self.running = False
        for theirs in list(self.hub.users.values()):
            for connection in list(theirs):
                connection.cut(Close.SHUTDOWN)
        await self.writer.close()
        await relay().stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self.database.close)
        presence.clear()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside; kept from being collected, its failure is logged."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            logger.error("A task of the node failed", exc_info=problem)

    # Connections

    def connect(self, connection: Connection) -> None:
        self.hub.add(connection)
        self.announcer.connect(connection.user)

    def disconnect(self, connection: Connection) -> None:
        for room in list(connection.rooms):
            self._unfollow(connection, room)
            self.announcer.leave_soon(room, connection.user)
        self.hub.discard(connection)
        self.announcer.leave_soon(PLACE, connection.user)
        if connection.session and not any(
            other.session == connection.session for other in self.hub.users.get(connection.user, ())
        ):
            self.sessions.pop(connection.session, None)

    def attach(self, connection: Connection, room: int, *, hold: bool) -> None:
        """Have the room's next events sent to the connection; with ``hold`` only after ``release``."""
        if room in connection.rooms:
            return
        if hold:
            connection.held[room] = []
        self.hub.attach(connection, room)
        if room not in self._feeds:
            self._feeds[room] = Feed(room)
        self.announcer.enter(room, connection.user)

    def release(self, connection: Connection, room: int, seq: int) -> None:
        """The connection knows everything up to ``seq``: give it what was held beyond that, and let it run."""
        self.hub.flush()
        self._start_feed(room, seq)
        self.hub.flush()
        held = connection.held.get(room)
        if held is None:
            return
        first = held[0].first if held else (self._feeds[room].seq or 0) + 1
        if first > seq + 1:
            # Somebody who knew more has started the feed beyond this number.
            self.spawn(self._bridge(connection, room, seq))
            return
        del connection.held[room]
        for chunk in held:
            if chunk.last > seq:
                self.hub.say(connection, *chunk.texts[max(0, seq - chunk.first + 1) :])

    async def _bridge(self, connection: Connection, room: int, seq: int) -> None:
        """Read what lies between ``seq`` and what is held, then release. The person may be gone by now."""
        try:
            caught = await self.database.read(_catch_up, connection.user, room, seq)
        except NotFound:
            self.forget(connection, room)
        except KlatchError:
            connection.cut(Close.SHUTDOWN)
        else:
            if room in connection.held:
                if caught.reset:
                    self.hub.say(connection, protocol.encode({"type": "reset", "room": room, "seq": caught.head}))
                if caught.events:
                    self.hub.say(connection, *caught.events)
                self.release(connection, room, caught.head)

    def detach(self, connection: Connection, room: int) -> None:
        """Nothing of the room that comes after this call reaches the connection."""
        if room in connection.rooms:
            self._unfollow(connection, room)
            self.announcer.leave(room, connection.user)

    def _unfollow(self, connection: Connection, room: int) -> None:
        if not self.hub.detach(connection, room):
            self._feeds.pop(room, None)

    # From the relay to the hub

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Take a batch from the relay: any order, any number of times."""
        for envelope in envelopes:
            if envelope.seq:
                feed = self._feeds.get(envelope.room)
                if feed is not None:
                    self._deliver(feed.accept((envelope,)))
                    if feed.missing is not None:
                        self._refill(envelope.room)
                if envelope.kind == Event.Kind.MEMBER_JOINED and envelope.user in self.hub.users:
                    self._let_in(envelope.user, envelope.room)
            elif envelope.kind == "personal":
                self.hub.tell(envelope.user, envelope.text or "")
            elif envelope.kind == "ephemeral":
                self.hub.whisper(envelope.room, envelope.text or "")
            elif envelope.kind == "presence":
                self.announcer.hear(envelope.text or "")
            elif envelope.kind == "spending":
                self.announcer.hear_spending(envelope.text or "")
            elif envelope.kind == "rights":
                self.spawn(self._check_rights(list(self.hub.users.get(envelope.user, ()))))
            elif envelope.kind == "session":
                self._end_session(envelope.text or "")

    def _deliver(self, envelopes: Iterable[Envelope]) -> None:
        for envelope in envelopes:
            self.hub.deliver(envelope)
            if envelope.kind == Event.Kind.MEMBER_LEFT:
                self._let_out(envelope)

    def _let_out(self, envelope: Envelope) -> None:
        """After the event itself nothing of the room reaches this person, in this process, on any connection."""
        removed = json.loads(envelope.text or "{}").get("removed", False)
        for connection in list(self.hub.users.get(envelope.user, ())):
            self.forget(connection, envelope.room, removed=removed)

    def forget(self, connection: Connection, room: int, *, removed: bool = True) -> None:
        """The room is no longer this person's: if the connection follows it, no more, and it is told so."""
        if room in connection.rooms:
            self.detach(connection, room)
            frame = {"type": "room.removed", "room": room, "removed": removed}
            self.hub.say(connection, protocol.encode(frame))

    def _let_in(self, user: int, room: int) -> None:
        for connection in list(self.hub.users.get(user, ())):
            if room not in connection.rooms and room not in connection.unsubscribed:
                self.spawn(self.welcome_to(connection, room))

    async def welcome_to(self, connection: Connection, room: int) -> None:
        """Attach a connection to a room that its person belongs to now, and say so."""
        self.attach(connection, room, hold=True)
        try:
            mine = await self.database.read(_my_room, connection.user, room)
        except NotFound:
            self.forget(connection, room)
            return
        except KlatchError:
            # The next look at the log tries again.
            self.detach(connection, room)
            return
        if room in connection.rooms:
            self.hub.say(connection, protocol.encode({"type": "room.added", "room": mine}))
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
            self.spawn(self._fill_gap(room))

    async def _fill_gap(self, room: int) -> None:
        try:
            # An envelope that is only late comes within this turn of the loop; the log is for those that are lost.
            await asyncio.sleep(0)
            while (feed := self._feeds.get(room)) is not None and (gap := feed.missing) is not None:
                found = await self.database.read(_envelopes, room, *gap)
                if self._feeds.get(room) is not feed:
                    continue
                for envelope in found:
                    # Frames of the log are made of rows as they are now: who left within them may not see them.
                    if envelope.kind == Event.Kind.MEMBER_LEFT:
                        self._let_out(envelope)
                self._deliver(feed.accept(found))
                if feed.seq == gap[0]:
                    # Heard of, not there yet: the next look at the log asks again.
                    feed.head = feed.seq
                    return
        except KlatchError as problem:
            logger.warning("Room %s cannot be read now: %s", room, problem)
        finally:
            self._refilling.discard(room)

    async def look_at_log(self) -> None:
        """Compare every followed room with the log, and who came and went: finds what was lost without a trace."""
        heads, changes = await self.database.read(_heads, list(self._feeds), max(0, self._log_id - OVERLAP))
        for room, head in heads.items():
            feed = self._feeds.get(room)
            if feed is not None:
                feed.heard(head)
                if feed.missing is not None:
                    self._refill(room)
        for event in changes:
            self._log_id = max(self._log_id, event.pk)
        latest: dict[tuple[int, int], Event] = {
            (event.room_id, event.user_id): event for event in changes if event.user_id in self.hub.users
        }
        for (room, user), event in latest.items():
            if event.kind == Event.Kind.MEMBER_JOINED:
                self._let_in(user, room)

    async def _look_at_log(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), conf().head_check_seconds)
            self._look_now.clear()
            await _patiently(self.look_at_log())

    # Rights

    async def _look_at_rights(self) -> None:
        while True:
            await asyncio.sleep(conf().session_check_seconds)
            everybody = [connection for theirs in self.hub.users.values() for connection in theirs]
            for start in range(0, len(everybody), 500):
                await _patiently(self._check_rights(everybody[start : start + 500]))

    async def _check_rights(self, connections: list[Connection]) -> None:
        if connections:
            for connection in await self.database.read(login.ended, connections, dict(self.sessions)):
                connection.cut(Close.LOGGED_OUT)

    def _end_session(self, session: str) -> None:
        for theirs in list(self.hub.users.values()):
            for connection in list(theirs):
                if connection.session == session:
                    connection.cut(Close.LOGGED_OUT)


async def _patiently(work: Awaitable[None]) -> None:
    """A periodic look must outlive a database that is away for a while."""
    try:
        await work
    except KlatchError as problem:
        logger.warning("The database cannot be read now: %s", problem)


def _my_room(user_id: int, room: int) -> protocol.MyRoom:
    user = _person(user_id)
    mine = queries.membership(user, room)
    people = queries.people_of([mine.room])[room] if mine.room.is_direct else None
    return serialize.my_room(mine, presence.online_in(room), people)


def _catch_up(user_id: int, room: int, known: int) -> resume.Caught:
    return resume.read_room(_person(user_id), room, known)


def _person(user_id: int) -> Any:
    user = queries.person(user_id)
    if user is None:
        raise NotFound
    return user


def _envelopes(room: int, after: int, upto: int) -> list[Envelope]:
    return [
        Envelope(row.kind, room, row.seq, row.user_id or 0, protocol.encode(serialize.event(row, reactions)))
        for row, reactions in queries.events_between(room, after, min(upto, after + GAP_PAGE))
    ]


def _heads(rooms: list[int], after_id: int) -> tuple[dict[int, int], list[Event]]:
    return queries.heads(rooms), queries.membership_events(after_id)


_current: Node | None = None


def current() -> Node | None:
    """The running node of this process, if there is one."""
    return _current if _current is not None and _current.running else None


async def start() -> Node:
    """Start this process's node, once; later calls return the same."""
    global _current
    if _current is None or not _current.running:
        _current = Node()
        await _current.start()
    return _current


async def stop() -> None:
    global _current
    if _current is not None:
        node, _current = _current, None
        await node.stop()
