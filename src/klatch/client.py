"""A small asynchronous client: hello, requests, events, resume. For programs, tests and benchmarks; knows no Django.

Speaks exactly ``docs/reference/protocol.md``. Deliveries are handed on once and in order; what was missed while the
line was down is asked for again.
"""

import asyncio
import itertools
import json
import random
import uuid
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection, connect

BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
REPLIES = frozenset({"ack", "error", "pong", "history", "results", "rooms", "members", "people", "room", "subscribed"})
RETRYABLE = frozenset({"rate_limited", "unavailable", "internal"})


class RequestError(Exception):
    """The server refused a request; ``code`` is one of the error codes, ``frame`` all it said."""

    def __init__(self, frame: dict[str, Any]) -> None:
        super().__init__(f"{frame['code']}: {frame['detail']}")
        self.code: str = frame["code"]
        self.frame = frame


class Closed(Exception):
    """The server closed the connection; ``code`` says whether coming back is welcome."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code

    @property
    def final(self) -> bool:
        return 4500 <= self.code <= 4999 or self.code == 1009


class Client:
    """``async with Client(url, token=…) as client``. ``url`` is the server's address (``http://…``) with its mount.

    ``rooms`` maps room ids to what ``welcome`` said of them, ``seqs`` to the number of the last event handed on.
    """

    def __init__(self, url: str, *, token: str | None = None, headers: dict[str, str] | None = None) -> None:
        self.url = f"ws{url.rstrip('/').removeprefix('http')}/ws/"
        self._headers = dict(headers or {})
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._refs = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ready: asyncio.Future[None] | None = None
        self._asked: set[int] = set()  # rooms whose hole is being filled
        self._sending: set[asyncio.Future[None]] = set()
        self.you: dict[str, Any] = {}
        self.epoch: str | None = None
        self.rooms: dict[int, dict[str, Any]] = {}
        self.seqs: dict[int, int] = {}
        self.frames: asyncio.Queue[dict[str, Any] | Closed] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the line and say hello; resumes where this client was before. Returns when all that was missed is here.

        Raises ``Closed`` where the server does not want this client, ``OSError`` where there is none.
        """
        await self.close()
        self._forget_end()
        self._socket = await connect(
            self.url, additional_headers=self._headers, max_size=None, compression=None, ping_interval=None
        )
        self._ready = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())
        rooms = {str(room): seq for room, seq in self.seqs.items()}
        await self.send({"op": "hello", "ref": next(self._refs), "epoch": self.epoch, "rooms": rooms})
        await self._ready

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)
        self._socket = self._reader = None

    def _forget_end(self) -> None:
        """The end of an earlier line must not be taken for the end of the next one; what it brought still counts."""
        brought = [self.frames.get_nowait() for _ in range(self.frames.qsize())]
        for frame in brought:
            if not isinstance(frame, Closed):
                self.frames.put_nowait(frame)

    async def abort(self) -> None:
        """Drop the line without a word, as a bad network would."""
        if self._socket is not None:
            self._socket.transport.abort()
            await asyncio.gather(*([self._reader] if self._reader else []), return_exceptions=True)
            self._socket = self._reader = None

    async def reconnect(self) -> None:
        """Come back with growing, random pauses until the server takes this client; ``Closed`` if it never will."""
        for pause in itertools.chain(BACK_OFF, itertools.repeat(BACK_OFF[-1])):
            try:
                await self.connect()
            except Closed as closed:
                if closed.final:
                    raise
            except (OSError, websockets.WebSocketException):
                pass
            else:
                return
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret

    async def send(self, frame: dict[str, Any]) -> None:
        """Send one frame as it is."""
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        if self._socket is None:
            raise Closed(1006)
        try:
            await self._socket.send(text)
        except websockets.ConnectionClosed as closed:
            raise Closed(_code(closed)) from None

    async def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send a request and wait for its answer. Raises ``RequestError``, or ``Closed`` when the line goes first."""
        ref = next(self._refs)
        answer = self._answers[ref] = asyncio.get_running_loop().create_future()
        try:
            await self.send({"op": op, "ref": ref, **fields})
            frame: dict[str, Any] = await answer
        finally:
            self._answers.pop(ref, None)
        if frame["type"] == "error":
            raise RequestError(frame)
        return frame

    async def post(
        self, room: int, body: str, *, client_id: uuid.UUID | None = None, reply_to: int | None = None
    ) -> dict[str, Any]:
        """Post until it is acknowledged: over rate limits, lost lines and restarts, one message. Returns the ack.

        Raises ``RequestError`` for what no retry can help, ``Closed`` when the server sends this client away for good.
        """
        key = str(client_id or uuid.uuid4())
        for pause in itertools.chain(BACK_OFF, itertools.repeat(BACK_OFF[-1])):
            try:
                return await self.request("post", room=room, client_id=key, body=body, reply_to=reply_to)
            except RequestError as refused:
                if refused.code not in RETRYABLE:
                    raise
                await asyncio.sleep(float(refused.frame.get("retry_after", pause)))
            except Closed as closed:
                if closed.final:
                    raise
                await self.reconnect()
        raise AssertionError("the pauses never end")

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Everything that is not an answer, as it comes; ends with ``Closed`` when the line does."""
        while True:
            yield await self.next()

    async def next(self) -> dict[str, Any]:
        """The next frame that is not an answer. Raises ``Closed`` when the line has ended and all is handed on."""
        frame = await self.frames.get()
        if isinstance(frame, Closed):
            raise frame
        return frame

    async def wait_for(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Skip to the next frame of this type with these fields."""
        while True:
            frame = await self.next()
            if frame["type"] == kind and all(frame.get(key) == value for key, value in fields.items()):
                return frame

    async def _read(self) -> None:
        assert self._socket is not None
        code = 1006
        try:
            async for text in self._socket:
                for frame in json.loads(text):
                    self._take(frame)
        except websockets.ConnectionClosed as closed:
            code = _code(closed)
        else:
            code = self._socket.close_code or 1006
        self._end(Closed(code))

    def _end(self, closed: Closed) -> None:
        waiting: list[asyncio.Future[Any]] = list(self._answers.values())
        if self._ready is not None:
            waiting.append(self._ready)
        for answer in waiting:
            if not answer.done():
                answer.set_exception(closed)
                # Whoever does not wait any more has not missed anything.
                answer.exception()
        self.frames.put_nowait(closed)

    def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        answer = self._answers.get(frame.get("ref") or 0)
        if kind == "welcome":
            self._welcome(frame)
        elif kind == "ready":
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(None)
            return
        elif answer is not None:
            if not answer.done():
                answer.set_result(frame)
            return
        elif kind == "reset":
            self._asked.discard(frame["room"])
            self.seqs[frame["room"]] = frame["seq"]
        elif kind == "room.added":
            self.rooms[frame["room"]["id"]] = frame["room"]
            self.seqs[frame["room"]["id"]] = frame["room"]["seq"]
        elif kind == "room.removed":
            self.rooms.pop(frame["room"], None)
            self.seqs.pop(frame["room"], None)
        elif kind in REPLIES:
            # The answer to a request that nobody waits for any more.
            return
        elif "seq" in frame and not self._is_next(frame):
            return
        self.frames.put_nowait(frame)

    def _is_next(self, event: dict[str, Any]) -> bool:
        """Count a numbered event; False for one that is known. A hole asks for what is missing, and waits for it."""
        room, seq = event["room"], event["seq"]
        known = self.seqs.get(room)
        if known is not None and seq > known + 1:
            if room not in self._asked and self._socket is not None:
                self._asked.add(room)
                frame = {"op": "subscribe", "ref": next(self._refs), "room": room, "seq": known}
                self._sending.add(task := asyncio.ensure_future(self._socket.send(json.dumps(frame))))
                task.add_done_callback(self._sending.discard)
            return False
        if known is not None and seq <= known:
            return False
        self._asked.discard(room)
        self.seqs[room] = seq
        return True

    def _welcome(self, frame: dict[str, Any]) -> None:
        if self.epoch != frame["epoch"]:
            self.seqs = {}
        self._asked.clear()
        self.epoch, self.you = frame["epoch"], frame["you"]
        self.rooms = {room["id"]: room for room in frame["rooms"]}
        self.seqs = {key: self.seqs.get(key, room["seq"]) for key, room in self.rooms.items()}


def _code(closed: websockets.ConnectionClosed) -> int:
    return closed.rcvd.code if closed.rcvd is not None else 1006
