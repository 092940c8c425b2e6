"""Connections that cannot keep up: what they missed comes from the log, page by page, as fast as each of them takes it.

Keeps no event: of a connection that fell behind only the last number of each room is remembered.
"""

from klatch import queries
from klatch.errors import Close, KlatchError, NotFound
from klatch.realtime import resume
from klatch.realtime.chunk import Chunk
from klatch.realtime.connection import Connection
from klatch.realtime.database import Database
from klatch.realtime.delivery import Delivery, Spawn
from klatch.realtime.hub import Hub

STUCK_SECONDS = 30  # whoever takes nothing at all for so long is cut


class Missed(list[Chunk]):
    """Stands where a connection's chunks of a room would be held, and keeps none: ``seq`` is the last it was given."""

    def __init__(self, seq: int) -> None:
        super().__init__()
        self.seq = seq

    def append(self, chunk: Chunk) -> None:
        """It will be read from the log."""


class Pacer:
    def __init__(self, hub: Hub, database: Database, delivery: Delivery, spawn: Spawn) -> None:
        self._hub = hub
        self._database = database
        self._delivery = delivery
        self._spawn = spawn
        self._pulling: set[Connection] = set()

    def slow_down(self, connection: Connection) -> None:
        """Push no more events to a connection whose way out is full. May be called within a round: attaches nothing."""
        for room in connection.rooms:
            if room not in connection.held:
                connection.held[room] = Missed(self._delivery.given(room))
        if connection not in self._pulling:
            self._pulling.add(connection)
            self._spawn(self._pull(connection))

    async def _pull(self, connection: Connection) -> None:
        try:
            while connection.open:
                if not await connection.drained(STUCK_SECONDS):
                    connection.cut(Close.SLOW)
                    return
                missed = [(room, held) for room, held in connection.held.items() if isinstance(held, Missed)]
                if not missed:
                    return
                await self._page(connection, *missed[0])
        finally:
            self._pulling.discard(connection)

    async def _page(self, connection: Connection, room: int, missed: Missed) -> None:
        # Whatever comes from here on is held, then the log is read: nothing falls between. To the end of the row, too:
        # a loud room must not keep the quiet ones waiting.
        self._hub.flush()
        del connection.held[room]
        held: list[Chunk] = []
        connection.held[room] = held
        try:
            page = await self._database.read(_page, connection.user, room, missed.seq)
        except NotFound:
            self._delivery.forget(connection, room)
            return
        except KlatchError:
            connection.cut(Close.SHUTDOWN)
            return
        if connection.held.get(room) is not held:
            # Left, or asked for anew, meanwhile.
            return
        self._hub.say(connection, *page.texts)
        if page.upto == page.head:
            self._delivery.release(connection, room, page.head)
        else:
            connection.held[room] = Missed(page.upto)
        # On its way before the next page is asked for.
        self._hub.flush()


def _page(user_id: int, room: int, known: int) -> resume.Page:
    user = queries.person(user_id)
    if user is None:
        raise NotFound
    return resume.read_page(user, room, known)
