"""The life of one WebSocket after its handshake: hello, the read loop, replies. No SQL, no fan-out, no rule."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from klatch import protocol, queries, serialize
from klatch.commands import COMMANDS, ack, admit, draft
from klatch.conf import conf
from klatch.errors import Close, HelloFirst, Internal, KlatchError, NotFound
from klatch.models import Message
from klatch.models.invite import hash_secret
from klatch.realtime import login, resume
from klatch.realtime.connection import Connection, Send
from klatch.realtime.node import Node

logger = logging.getLogger("klatch.socket")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Listen = Callable[[Callable[[str], bool]], Callable[[], None]]

UNANSWERED = 512  # requests of one connection; beyond that it is not read until some are answered
READS_AT_ONCE = 4
BAD_FRAMES = 50
TOO_BIG = {"type": "websocket.close", "code": 1009}


class Socket:
    """``extensions`` of our own server are taken where they are offered: see ``server.websocket``."""

    def __init__(
        self, node: Node, who: login.Login, receive: Receive, send: Send, extensions: Mapping[str, Any]
    ) -> None:
        self._node = node
        self._user, self._may_write = who.user, who.may_write
        self._rooms = who.rooms
        self._receive = receive
        self._send = send
        self._task = asyncio.current_task()
        self._answered: asyncio.Future[None] | None = None  # waited for when too much is unanswered
        self._listen: Listen | None = extensions.get("klatch.listen")
        self._resume: Callable[[], None] | None = None  # where frames come straight from the server
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._bad_frames = 0
        self._closing: asyncio.Task[None] | None = None
        self.connection = Connection(send, who.user.pk, conf().outbox_bytes, self._cut, extensions.get("klatch.write"))
        self.connection.on_full = partial(node.pacer.slow_down, self.connection)
        self.connection.auth_hash, self.connection.token = who.auth_hash, who.token
        if who.session_key:
            self.connection.session = hash_secret(who.session_key)
            node.sessions[self.connection.session] = who.session_key

    async def run(self, heard: int) -> None:
        """Until the client or the server ends it. ``heard``: see ``Node.connect``."""
        self._node.connect(self.connection, heard)
        try:
            async with asyncio.timeout(conf().hello_seconds):
                if not await self._hello():
                    return
            if self._listen is not None:
                self._resume = self._listen(self._hear)
            while self.connection.open:
                text = await self._next()
                # Whoever was cut meanwhile is not heard any more, whatever is still on the line.
                if text is None or not self.connection.open:
                    return
                self._handle(text)
                while self.connection.unanswered >= UNANSWERED and self.connection.open:
                    self._answered = asyncio.get_running_loop().create_future()
                    await self._answered
        except TimeoutError:
            self.connection.cut(Close.HELLO_TIMEOUT)
        except KlatchError:
            self.connection.cut(Close.SHUTDOWN)
        except asyncio.CancelledError:
            # Either we were cut and the client did not take the close frame, or the server stops.
            if self.connection.open:
                raise
        finally:
            self._node.disconnect(self.connection)
            if self._closing is not None:
                # Returning drops the line: the close frame, which says whether to come back, goes first.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([self._closing])

    async def _next(self) -> str | None:
        """The next frame; None when the client is gone or has been sent away."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        text = message.get("text")
        if text is None:
            return ""
        # The standalone server refuses such frames before they are read; another host's server may not.
        if len(text) > conf().frame_bytes:
            await self._send(TOO_BIG)
            return None
        return str(text)

    def _hear(self, text: str) -> bool:
        """A frame without the way through ``receive``. Returns whether more may come before some are answered."""
        if len(text) > conf().frame_bytes:
            self._node.spawn(self._send(TOO_BIG))  # type: ignore[arg-type]
            return False
        if self.connection.open:
            self._handle(text)
        return self.connection.unanswered < UNANSWERED

    # Requests

    async def _hello(self) -> bool:
        """Returns whether it was said; if not, the client is gone."""
        while (text := await self._next()) is not None:
            try:
                request = protocol.decode(text)
                if not isinstance(request, protocol.Hello):
                    raise HelloFirst(ref=request.ref)
            except KlatchError as problem:
                self._refuse_frame(problem)
                continue
            await self._welcome(request)
            return True
        return False

    async def _welcome(self, hello: protocol.Hello) -> None:
        node, connection = self._node, self.connection
        # Attach, then read, then merge: whatever commits after the first look is held for this connection.
        for room in self._rooms:
            node.delivery.attach(connection, room, hold=True)
        self._rooms = frozenset()
        snapshot = await node.hellos.ask(resume.Hello(self._user, hello.epoch, hello.rooms))
        texts = [protocol.encode({
            "type": "welcome",
            "ref": hello.ref,
            "epoch": str(snapshot.epoch),
            "you": serialize.user(self._user),
            "rooms": snapshot.rooms,
            "limits": {"body": conf().body_chars, "frame": conf().frame_bytes},
        })]  # fmt: skip
        for room, caught in snapshot.caught.items():
            texts += caught.texts(room)
        node.hub.say(connection, *texts, protocol.encode({"type": "ready", "ref": hello.ref}))
        for room in list(connection.rooms - snapshot.caught.keys()):
            node.delivery.detach(connection, room)
        for room, caught in snapshot.caught.items():
            if room in connection.rooms:
                node.delivery.release(connection, room, caught.head)
            else:
                # Came in or went out between the two looks; asking again settles which.
                node.spawn(self._settle(room))
        connection.welcomed = True

    async def _settle(self, room: int) -> None:
        await self._node.delivery.welcome_to(self.connection, room)
        if room not in self.connection.rooms:
            frame = {"type": "room.removed", "room": room, "removed": True}
            self._node.hub.say(self.connection, protocol.encode(frame))

    def _handle(self, text: str) -> None:
        try:
            request = protocol.decode(text)
            if isinstance(request, protocol.Hello):
                raise HelloFirst(ref=request.ref)
        except KlatchError as problem:
            self._refuse_frame(problem)
            return
        try:
            admit(request.op, self._user.pk, self._may_write)
            answer = self._begin(request)
        except KlatchError as problem:
            self._error(request.ref, problem)
            return
        if answer is None:
            return
        self.connection.unanswered += 1
        answer.add_done_callback(partial(self._answer, request.ref))

    def _begin(self, request: Any) -> "asyncio.Future[Any] | None":
        """Start what was asked for; the future has the reply. None: it is answered, or the writer will tell."""
        writer = self._node.writer
        if isinstance(request, protocol.Post):
            self.connection.unanswered += 1
            writer.take(draft(self._user, request), partial(self._tell, request.ref))
            return None
        if request.op in COMMANDS:
            command = COMMANDS[request.op]
            if command.writes:
                return writer.run(partial(command.run, self._user, request))
            kept = self._node.reads.begin(self._user, request)
            return kept or self._node.spawn(self._read(request.op, partial(command.run, self._user, request)))
        if isinstance(request, protocol.Subscribe):
            return self._node.spawn(self._in_turn(self._subscribe(request)))
        if isinstance(request, protocol.Typing):
            if request.room not in self.connection.rooms:
                raise NotFound
            self._node.announcer.typing(request.room, serialize.user(self._user))
        elif isinstance(request, protocol.Unsubscribe):
            if request.room in self.connection.rooms:
                self.connection.unsubscribed.add(request.room)
            self._node.delivery.detach(self.connection, request.room)
            self._reply(request.ref, ack(request.room))
        else:
            self._reply(request.ref, {"type": "pong"})
        return None

    async def _read(self, op: str, run: Callable[[], Any]) -> Any:
        try:
            return await self._in_turn(self._node.read(op, run))
        except KlatchError as problem:
            # Returned, not raised: a refusal is an answer, not a failure of the task.
            return problem

    async def _in_turn(self, work: Awaitable[Any]) -> Any:
        """One connection takes only so many of the threads that everybody reads with."""
        async with self._reads:
            return await work

    async def _subscribe(self, request: protocol.Subscribe) -> Any:
        node, connection, room = self._node, self.connection, request.room
        try:
            # Before anything else: who merely asks is not in the room, not even for a moment.
            await node.database.read(queries.membership, self._user, room)
            connection.unsubscribed.discard(room)
            node.delivery.detach(connection, room)
            node.delivery.attach(connection, room, hold=True)
            head, texts = await node.database.read(resume.read_room, self._user, room, request.seq)
        except NotFound as problem:
            node.delivery.forget(connection, room)
            return problem
        except KlatchError as problem:
            node.delivery.detach(connection, room)
            return problem
        if room not in connection.rooms:
            return NotFound()
        self._reply(request.ref, {"type": "subscribed", "room": room, "seq": head})
        node.hub.say(connection, *texts)
        node.delivery.release(connection, room, head)
        return None

    # Replies

    def _answer(self, ref: int | None, done: "asyncio.Future[Any]") -> None:
        self._tell(ref, None if done.cancelled() else done.exception() or done.result())

    def _tell(self, ref: int | None, result: Any) -> None:
        """What became of a request; None where it was answered already, or never will be."""
        self.connection.unanswered -= 1
        self._go_on()
        if isinstance(result, Message):
            ack = protocol.acknowledged(ref, result.room_id, result.seq, result.id, result.position)
            self._node.hub.answer(self.connection, ack)
        elif isinstance(result, BaseException):
            self._error(ref, result)
        elif result is not None:
            self._reply(ref, result)

    def _go_on(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)
        if self._resume is not None:
            self._resume()

    def _reply(self, ref: int | None, reply: Any) -> None:
        self._node.hub.answer(self.connection, protocol.reply(reply, ref))

    def _error(self, ref: int | None, problem: BaseException) -> None:
        if not isinstance(problem, KlatchError):
            logger.error("A request failed", exc_info=problem)
            problem = Internal()
        self._reply(ref, {"type": "error", **problem.as_dict(), "ref": ref})

    def _refuse_frame(self, problem: KlatchError) -> None:
        self._error(problem.extra.pop("ref", None), problem)
        self._bad_frames += 1
        if self._bad_frames >= BAD_FRAMES:
            self._node.hub.flush()
            self.connection.cut(Close.PROTOCOL)

    # The end

    def _cut(self, code: Close) -> None:
        self._closing = self._node.spawn(self._close(code))

    async def _close(self, code: Close) -> None:
        self._go_on()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await self._send({"type": "websocket.close", "code": int(code)})
                return
        # It does not even take the close frame: let go of it, and the server drops the line.
        if self._task is not None:
            self._task.cancel()
