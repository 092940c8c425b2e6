"""One for each process: hub, delivery, relay, writer, reads and the periodic looks. Starts, drains and stops them.

Knows rooms and people by number only; the protocol of a socket is ``socket``'s.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import groupby
from typing import Any

from klatch import log
from klatch.conf import conf
from klatch.errors import Close, KlatchError
from klatch.presence import PLACE, presence
from klatch.realtime import login, resume
from klatch.realtime.alone import warn_of_others
from klatch.realtime.announce import Announcer
from klatch.realtime.batcher import Batcher
from klatch.realtime.connection import Connection
from klatch.realtime.database import Database, threads_for_search
from klatch.realtime.delivery import Delivery
from klatch.realtime.hub import Hub
from klatch.realtime.pacer import Pacer
from klatch.realtime.reads import Reads
from klatch.realtime.writer import Writer
from klatch.relay import Envelope, relay

logger = logging.getLogger("klatch.node")

ENDED_SESSIONS = 10_000  # remembered, the last ones
SILENT_SECONDS = 10.0  # without any answer of the database
SETTLE_SECONDS = 2.0  # how long a connection may take to get its last answers when the process stops


class Node:
    """``start`` and ``stop`` belong to the event loop that all sockets of this process run in."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = Hub()
        self.database = Database()
        self.searches = Database(threads_for_search())
        self.reads = Reads(self.database, self.searches, self.spawn)
        self.logins = Batcher(self.database, login.log_in, self.spawn)
        self.hellos = Batcher(self.database, resume.read, self.spawn)
        self.announcer = Announcer(self.hub)
        self.looks = Database(threads=1)  # of its own: a crowd that reads must not make us blind
        self.delivery = Delivery(self.hub, self.database, self.looks, self.announcer, self.spawn)
        self.pacer = Pacer(self.hub, self.database, self.delivery, self.spawn)
        self.sessions: dict[str, str] = {}  # hash → key of the sessions that hold sockets here
        self.heard = 0  # how often somebody's rights were said to have changed
        self._ended: OrderedDict[str, None] = OrderedDict()  # hashes of sessions that have ended
        self._tasks: set[asyncio.Task[Any]] = set()
        self._look_now = asyncio.Event()
        self.running = False
        self.draining = False
        self.cut_off = False  # the database is silent: people are better off with another process

    async def start(self) -> None:
        presence.clear()
        self.writer = Writer()
        await relay().start(self.receive, self._look_now.set)
        await self.delivery.start()
        if relay().alone:
            await self.looks.read(warn_of_others)
        self._epoch = await self.looks.read(log.epoch)
        self.running = True
        for loop in (self._look_at_log(), self._look_at_rights(), self.announcer.run()):
            self.spawn(loop)

    async def drain(self, seconds: float) -> None:
        """Send everybody to another process, spread over these seconds; each gets the answers it waits for first."""
        self.draining = True
        everybody = [connection for theirs in self.hub.users.values() for connection in theirs]
        leaving = []
        for connection in everybody:
            leaving.append(self.spawn(self._retire(connection)))
            await asyncio.sleep(seconds / len(everybody))
        await asyncio.gather(*leaving, return_exceptions=True)

    async def _retire(self, connection: Connection) -> None:
        deadline = self.loop.time() + SETTLE_SECONDS
        while connection.unanswered and connection.open and self.loop.time() < deadline:  # noqa: ASYNC110 - once in a life
            await asyncio.sleep(0.01)
        self.hub.flush()  # the last answer may have come in this very tick
        connection.cut(Close.SHUTDOWN)

    async def stop(self) -> None:
        """Cut every socket with “come back”, finish what waits to be written, stop everything."""
        self.running = False
        self._cut_everybody()
        await self.writer.close()
        await relay().stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for database in (self.database, self.looks, self.searches):
            await asyncio.get_running_loop().run_in_executor(None, database.close)
        await asyncio.get_running_loop().run_in_executor(None, self.reads.close)
        presence.clear()

    def _cut_everybody(self) -> None:
        for theirs in list(self.hub.users.values()):
            for connection in list(theirs):
                connection.cut(Close.SHUTDOWN)

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

    async def read[T](self, op: str, work: Callable[..., T], *args: object) -> T:
        """Read for a request on the threads that are for its kind."""
        return await (self.searches if op == "search" else self.database).read(work, *args)

    # Connections

    def connect(self, connection: Connection, heard: int) -> None:
        """``heard``: what the counter said before the login was read. News since then found no socket to close."""
        self.hub.add(connection)
        self.announcer.connect(connection.user)
        if connection.session in self._ended:
            connection.cut(Close.LOGGED_OUT)
        elif heard != self.heard:
            self.spawn(self._check_rights([connection]))

    def disconnect(self, connection: Connection) -> None:
        for room in list(connection.rooms):
            self.delivery.unfollow(connection, room)
            self.announcer.leave_soon(room, connection.user)
        self.hub.discard(connection)
        self.announcer.leave_soon(PLACE, connection.user)
        if connection.session and not any(
            other.session == connection.session for other in self.hub.users.get(connection.user, ())
        ):
            self.sessions.pop(connection.session, None)

    # From the relay to the hub

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Take a batch from the relay: any order, any number of times. What one room gets in a row goes together."""
        for room, batch in groupby(envelopes, _numbered_in):
            some = list(batch)
            if room:
                _guarded(some[0].kind, self.delivery.receive, room, some)
            else:
                for envelope in some:
                    _guarded(envelope.kind, self._take, envelope)

    def _take(self, envelope: Envelope) -> None:
        if envelope.kind == "personal":
            self.hub.tell(envelope.user, envelope.text or "")
        elif envelope.kind == "ephemeral":
            self.hub.whisper(envelope.room, envelope.text or "")
        elif envelope.kind == "presence":
            self.announcer.hear(envelope.text or "")
        elif envelope.kind == "spending":
            self.announcer.hear_spending(envelope.text or "")
        elif envelope.kind == "rights":
            self.heard += 1
            self.reads.forget()
            self.spawn(self._check_rights(list(self.hub.users.get(envelope.user, ()))))
        elif envelope.kind == "session":
            self._end_session(envelope.text or "")

    async def _look_at_log(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), conf().head_check_seconds)
            self._look_now.clear()
            try:
                async with asyncio.timeout(SILENT_SECONDS):
                    await _patiently(self._look_at_epoch())
                    await _patiently(self.delivery.look_at_log())
            except TimeoutError:
                self._send_away()
            else:
                self.cut_off = False

    async def _look_at_epoch(self) -> None:
        """After a fail-over to a copy that lags behind, what is known here and to clients may never have been."""
        epoch = await self.looks.read(log.epoch)
        if epoch != self._epoch:
            logger.warning("The database is another one than before: everybody begins anew")
            self._epoch = epoch
            self.reads.forget()
            self.delivery.begin_anew()
            self._cut_everybody()

    def _send_away(self) -> None:
        """The database neither answers nor fails: another process may reach it, and this one can do nothing."""
        if not self.cut_off:
            logger.error("The database has been silent for %d s: everybody is sent to another process", SILENT_SECONDS)
        self.cut_off = True
        self._cut_everybody()

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
        # Said before the session is deleted: who comes back in between would still find it.
        self._ended[session] = None
        if len(self._ended) > ENDED_SESSIONS:
            self._ended.popitem(last=False)
        for theirs in list(self.hub.users.values()):
            for connection in list(theirs):
                if connection.session == session:
                    connection.cut(Close.LOGGED_OUT)


def _numbered_in(envelope: Envelope) -> int:
    return envelope.room if envelope.seq else 0


def _guarded(kind: str, take: Callable[..., None], *what: Any) -> None:
    try:
        take(*what)
    except Exception:
        # Another version's, perhaps: it must not take the rest of the batch with it.
        logger.exception("An envelope of kind %.40r could not be read", kind)


async def _patiently(work: Awaitable[None]) -> None:
    """A periodic look must outlive whatever goes wrong in one: a database or a cache that is away, a fault of ours."""
    try:
        await work
    except KlatchError as problem:
        logger.warning("The database cannot be read now: %s", problem)
    except Exception:
        logger.exception("A periodic look failed; the next one will try again")


_current: Node | None = None
_starting: asyncio.Task[Node] | None = None


def current() -> Node | None:
    """The running node of this process, if there is one."""
    return _current if _current is not None and _current.running else None


async def start() -> Node:
    """Start this process's node, once: later calls return the same, calls meanwhile wait for it.

    A server without lifespan starts it with its first sockets, and after a restart they come all at once.
    """
    global _starting
    running = current()
    if running is not None:
        return running
    loop = asyncio.get_running_loop()
    if _starting is None or _starting.done() or _starting.get_loop() is not loop:
        _starting = loop.create_task(_start())
    return await asyncio.shield(_starting)


async def _start() -> Node:
    global _current
    made = Node()
    try:
        await made.start()
    except BaseException:
        await made.stop()
        raise
    _current = made
    return made


async def stop() -> None:
    global _current
    if _current is not None:
        node, _current = _current, None
        await node.stop()
