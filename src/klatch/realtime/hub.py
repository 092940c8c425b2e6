"""Who is connected here and follows which room; hands each event to all of them. No I/O, no waiting, no Django."""

import asyncio
import time
from collections.abc import Callable

from klatch.protocol import Encoded
from klatch.realtime.chunk import Answer, Chunk
from klatch.realtime.connection import Connection
from klatch.relay import Envelope

LONG = 0.002  # seconds: a flush that takes longer is followed by a rest as long
LONGEST_REST = 0.01

Schedule = Callable[[Callable[[], None], float], object]


def schedule(call: Callable[[], None], seconds: float) -> None:
    """After so many seconds; with none at the end of the tick, which is when a commit's events have their answers."""
    loop = asyncio.get_running_loop()
    if seconds:
        loop.call_later(seconds, call)
    else:
        loop.call_soon(loop.call_soon, call)


class Followers:
    """The connections that follow one room, and what came for it in this tick."""

    __slots__ = ("connections", "ephemeral", "first", "last", "texts")

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.texts: list[str] = []
        self.first = self.last = 0
        self.ephemeral: list[str] = []


class Hub:
    """Everything here runs in the event loop.

    What a tick brings goes out at its end. To tell a large room takes long, and one event nearly as long as many: then
    the next round rests a little, while more is read and stored, and goes out together.
    """

    def __init__(self, schedule: Schedule = schedule, clock: Callable[[], float] = time.monotonic) -> None:
        self._schedule = schedule
        self._clock = clock
        self.rooms: dict[int, Followers] = {}
        self.users: dict[int, set[Connection]] = {}
        self._dirty: list[tuple[int, Followers]] = []
        self._spoken_to: list[Connection] = []
        self._awake = False  # the end of the tick is asked for
        self._rested_at = 0.0
        self._resting = False  # the end of the rest is asked for

    def add(self, connection: Connection) -> bool:
        """Returns whether this is the person's first connection here."""
        theirs = self.users.setdefault(connection.user, set())
        theirs.add(connection)
        return len(theirs) == 1

    def discard(self, connection: Connection) -> bool:
        """Forget a connection; returns whether it was the person's last one here."""
        for room in list(connection.rooms):
            self.detach(connection, room)
        theirs = self.users.get(connection.user)
        if theirs is None:
            return False
        theirs.discard(connection)
        if theirs:
            return False
        del self.users[connection.user]
        return True

    def attach(self, connection: Connection, room: int) -> None:
        """From the next event on. What came earlier in this tick goes out first, without it."""
        self.flush()
        self.rooms.setdefault(room, Followers()).connections.add(connection)
        connection.rooms.add(room)

    def detach(self, connection: Connection, room: int) -> bool:
        """Nothing that comes after this call reaches the connection; returns whether the room still has followers."""
        self.flush()
        connection.rooms.discard(room)
        connection.held.pop(room, None)
        followers = self.rooms.get(room)
        if followers is None:
            return False
        followers.connections.discard(connection)
        if not followers.connections:
            del self.rooms[room]
            return False
        return True

    def deliver(self, envelope: Envelope) -> None:
        """Give a numbered event to everybody who follows its room. The feed has put it in order."""
        followers = self.rooms.get(envelope.room)
        if followers is None:
            return
        self._mark(envelope.room, followers)
        if not followers.texts:
            followers.first = envelope.seq
        followers.last = envelope.seq
        followers.texts.append(envelope.text or "")

    def whisper(self, room: int, text: str) -> None:
        """Give something ephemeral to everybody who follows a room and keeps up."""
        followers = self.rooms.get(room)
        if followers is not None:
            self._mark(room, followers)
            followers.ephemeral.append(text)

    def say(self, connection: Connection, *texts: str) -> None:
        """Send something, or nothing, to one connection alone, after what it was offered before."""
        if texts:
            self._offer(connection, Chunk(list(texts)))

    def answer(self, connection: Connection, reply: str | Encoded) -> None:
        """The same for one reply."""
        self._offer(connection, Answer(reply) if isinstance(reply, Encoded) else Chunk([reply]))

    def _offer(self, connection: Connection, chunk: Chunk) -> None:
        if connection.offer(chunk):
            self._spoken_to.append(connection)
            self._wake()

    def tell(self, user: int, text: str) -> None:
        """Say something to every connection of one person."""
        for connection in self.users.get(user, ()):
            self.say(connection, text)

    def flush(self) -> None:
        """Everything so far goes out: one frame a connection, from all its rooms."""
        if not self._dirty and not self._spoken_to:
            return
        started = self._clock()
        self._round()
        took = self._clock() - started
        if took > LONG:
            self._rested_at = started + took + min(took, LONGEST_REST)

    def _round(self) -> None:
        dirty, touched = self._dirty, self._spoken_to
        self._dirty, self._spoken_to = [], []
        # The usual tick is one room's: then most connections get this chunk and nothing else.
        alone = len(dirty) == 1 and not dirty[0][1].ephemeral
        others: list[Connection] = []
        for room, followers in dirty:
            if followers.texts:
                chunk = Chunk(followers.texts, followers.first, followers.last)
                followers.texts = []
                for connection in followers.connections:
                    if connection.held and room in connection.held:
                        connection.held[room].append(chunk)
                    elif alone and not connection.offered:
                        others.append(connection)
                    elif connection.offer(chunk):
                        touched.append(connection)
            if followers.ephemeral:
                chunk = Chunk(followers.ephemeral)
                followers.ephemeral = []
                for connection in followers.connections:
                    if room not in connection.held and not connection.congested and connection.offer(chunk):
                        touched.append(connection)
        # Those first who are answered: they go on while the others are told.
        for connection in touched:
            connection.flush()
        for connection in others:
            connection.hand_over(chunk)

    def _mark(self, room: int, followers: Followers) -> None:
        if not followers.texts and not followers.ephemeral:
            self._dirty.append((room, followers))
            self._wake()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._schedule(self._end_tick, 0)

    def _end_tick(self) -> None:
        self._awake = False
        rest = self._rested_at - self._clock()
        if rest <= 0:
            self.flush()
        elif not self._resting:
            self._resting = True
            self._schedule(self._end_rest, rest)

    def _end_rest(self) -> None:
        self._resting = False
        self.flush()
