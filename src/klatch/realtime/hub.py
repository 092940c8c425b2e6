"""Who is connected here and follows which room; hands each event to all of them. No I/O, no waiting, no Django."""

import asyncio
from collections.abc import Callable

from klatch.protocol import Encoded
from klatch.realtime.chunk import Answer, Chunk
from klatch.realtime.connection import Connection
from klatch.relay import Envelope


class Followers:
    """The connections that follow one room, and what came for it in this tick."""

    __slots__ = ("connections", "ephemeral", "first", "last", "texts")

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.texts: list[str] = []
        self.first = self.last = 0
        self.ephemeral: list[str] = []


class Hub:
    """Everything here runs in the event loop. ``schedule`` asks for a ``flush`` at the end of the tick."""

    def __init__(self, schedule: Callable[[Callable[[], None]], object] | None = None) -> None:
        self._schedule = schedule or (lambda flush: asyncio.get_running_loop().call_soon(flush))
        self.rooms: dict[int, Followers] = {}
        self.users: dict[int, set[Connection]] = {}
        self._dirty: list[tuple[int, Followers]] = []
        self._spoken_to: list[Connection] = []

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

    def say(self, connection: Connection, *texts: str | Encoded) -> None:
        """Send something to one connection alone, after what it was offered before."""
        if connection.offer(Answer(texts[0]) if type(texts[0]) is Encoded else Chunk([*map(str, texts)])):
            self._wake()
            self._spoken_to.append(connection)

    def tell(self, user: int, text: str) -> None:
        """Say something to every connection of one person."""
        for connection in self.users.get(user, ()):
            self.say(connection, text)

    def flush(self) -> None:
        """Everything of this tick goes out: one frame a connection, from all its rooms."""
        if not self._dirty and not self._spoken_to:
            return
        dirty, touched = self._dirty, self._spoken_to
        self._dirty, self._spoken_to = [], []
        for room, followers in dirty:
            if followers.texts:
                chunk = Chunk(followers.texts, followers.first, followers.last)
                followers.texts = []
                # The usual tick is one room's: then most connections get this chunk and nothing else.
                alone = len(dirty) == 1 and not followers.ephemeral
                for connection in followers.connections:
                    if connection.held and room in connection.held:
                        connection.held[room].append(chunk)
                    elif alone and not connection.offered:
                        connection.hand_over(chunk)
                    elif connection.offer(chunk):
                        touched.append(connection)
            if followers.ephemeral:
                chunk = Chunk(followers.ephemeral)
                followers.ephemeral = []
                for connection in followers.connections:
                    if room not in connection.held and not connection.congested and connection.offer(chunk):
                        touched.append(connection)
        for connection in touched:
            connection.flush()

    def _mark(self, room: int, followers: Followers) -> None:
        if not followers.texts and not followers.ephemeral:
            self._wake()
            self._dirty.append((room, followers))

    def _wake(self) -> None:
        if not self._dirty and not self._spoken_to:
            self._schedule(self.flush)
