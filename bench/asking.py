"""Closed-loop readers: so many questions are always open, over the sockets of many people, and every answer is checked.

Knows sockets and clocks; what is asked and what is right is a `Work`'s.
"""

import asyncio
import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.frames import CLOSE, PING, PONG, TEXT, client_frame, handshake, server_header
from bench.load import Dialect

BUFFER = 2 * 1024 * 1024
PATIENCE = 20.0
_REF = re.compile(rb'"ref":(\d+),')


@dataclass(frozen=True)
class Posted:
    """The newest post that was acknowledged: no answer to a later question may be older."""

    seq: int = 0
    position: int = 0


class Work(Protocol):
    """One kind of question.

    `ask` returns None where this person has nothing left to ask. `check` raises where an answer is wrong and returns
    the room's number that it shows.
    """

    name: str

    def ask(self, person: int, dice: random.Random) -> dict[str, Any] | None: ...

    def check(self, person: int, asked: dict[str, Any], answer: dict[str, Any], posts: dict[int, str]) -> int: ...


@dataclass
class Asked:
    work: Work
    request: dict[str, Any]
    person: int
    least: int
    at: float


@dataclass
class Window:
    answers: int
    seconds: float
    answer_ms: list[float] = field(repr=False)
    different: int  # answers that were not byte for byte one that had been checked before
    posts: int


class Line(asyncio.BufferedProtocol):
    """One person's WebSocket; whole payloads go to `heard`."""

    def __init__(
        self, opening: bytes, accept: bytes, heard: Callable[[bytes], None], fail: Callable[[Exception], None]
    ):
        self._opening, self._accept = opening, accept
        self._heard, self._fail = heard, fail
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._upgraded = self._closing = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._opening)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self._fail(ConnectionError(f"the server dropped a reader: {exc or 'end of stream'}"))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        self._end += nbytes
        try:
            if self._upgraded or self._upgrade():
                self._read()
        except Exception as problem:
            self._fail(problem)

    def say(self, request: dict[str, Any]) -> None:
        self._transport.write(client_frame(json.dumps(request).encode()))

    def close(self) -> None:
        self._closing = True
        self._transport.write(client_frame((1000).to_bytes(2), CLOSE))
        self._transport.close()

    def _upgrade(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, self._end)
        if end < 0:
            return False
        head = bytes(self._buffer[:end])
        if not head.startswith(b"HTTP/1.1 101 ") or self._accept not in head:
            raise ConnectionError(f"the server refused a WebSocket: {head[:300]!r}")
        self._start, self._upgraded = end + 4, True
        self.say({"op": "hello", "ref": 0, "epoch": None, "rooms": {}})
        return True

    def _read(self) -> None:
        while (header := server_header(self._buffer, self._start, self._end)) is not None:
            opcode, begin, end = header
            if end > self._end:
                break
            payload = bytes(self._view[begin:end])
            self._start = end
            if opcode == TEXT:
                self._heard(payload)
            elif opcode == PING:
                self._transport.write(client_frame(payload, PONG))
            elif opcode == CLOSE:
                raise ConnectionError(f"the server closed a reader: {payload!r}")
        rest = bytes(self._view[self._start : self._end])
        self._view[: len(rest)] = rest
        self._start, self._end = 0, len(rest)


class Readers:
    """`people` sockets. `run` keeps `at_once` questions open on them; `post_every` seconds somebody posts beside."""

    def __init__(self, dialect: Dialect, people: int, at_once: int, room: int, post_every: float) -> None:
        self._dialect, self._people, self._at_once = dialect, people, at_once
        self._room, self._post_every = room, post_every
        self._lines: list[Line] = []
        self._ready: asyncio.Event = asyncio.Event()
        self._welcomed = 0
        self._open: dict[int, Asked] = {}
        self._known: dict[tuple[Any, ...], tuple[bytes, int]] = {}
        self._dice = random.Random(3)
        self._ref = 0
        self._error: Exception | None = None
        self._deadline = 0.0
        self._answer_ms: list[float] = []
        self._different = 0
        self._last = 0.0
        self.connect_ms: list[float] = []
        self.posts: dict[int, str] = {}  # position → body of what was acknowledged
        self._sent_posts: dict[int, str] = {}
        self._posted = Posted()

    async def connect(self) -> None:
        for person in range(self._people):
            started = time.perf_counter()
            host, port, path, headers = self._dialect.address(person)
            opening, accept = handshake(f"{host}:{port}", path, headers)
            self._ready = asyncio.Event()

            def heard(payload: bytes, person: int = person) -> None:
                self._heard(person, payload)

            _, line = await asyncio.get_running_loop().create_connection(
                lambda heard=heard, opening=opening, accept=accept: Line(opening, accept, heard, self._fail), host, port
            )
            self._lines.append(line)
            async with asyncio.timeout(PATIENCE):
                await self._ready.wait()
            if self._error is not None:
                raise self._error
            self.connect_ms.append((time.perf_counter() - started) * 1000)

    async def run(self, work: Work, seconds: float) -> Window:
        posts = len(self.posts)
        self._answer_ms, self._different = [], 0
        poster = asyncio.ensure_future(self._post())
        start = time.perf_counter()
        self._deadline = start + seconds
        for _ in range(self._at_once):
            self._ask(work)
        try:
            while self._open:
                await asyncio.sleep(0.02)
                if self._error is not None:
                    raise self._error
                if time.perf_counter() > self._deadline + PATIENCE:
                    raise TimeoutError(f"{len(self._open)} questions were never answered")
        finally:
            poster.cancel()
        return Window(
            len(self._answer_ms), self._last - start, self._answer_ms, self._different, len(self.posts) - posts
        )

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def _ask(self, work: Work) -> None:
        for _ in range(self._people - 1):
            self._ref += 1
            person = self._ref % (self._people - 1)
            request = work.ask(person, self._dice)
            if request is not None:
                self._open[self._ref] = Asked(work, request, person, self._posted.seq, time.perf_counter())
                self._lines[person].say({**request, "ref": self._ref})
                return

    async def _post(self) -> None:
        while self._post_every:
            self._ref += 1
            body = f"posted while others read {self._ref}"
            self._sent_posts[self._ref] = body
            client_id = f"{self._dice.getrandbits(128):032x}"
            request = {"op": "post", "room": self._room, "client_id": client_id, "body": body, "ref": self._ref}
            self._lines[-1].say(request)
            await asyncio.sleep(self._post_every)

    def _heard(self, person: int, payload: bytes) -> None:
        if person == self._people - 1 or not payload.startswith(b'[{"') or b'"ref":' not in payload[:60]:
            self._read(person, payload)
            return
        found = _REF.search(payload, 0, 80)
        asked = self._open.get(int(found[1])) if found is not None else None
        if found is not None and asked is not None:
            body = payload[: found.start()] + payload[found.end() :]
            known = self._known.get(_key(asked))
            if known is not None and known[0] == body:
                self._answered(int(found[1]), known[1])
                return
            if self._read(person, payload) == 1:
                self._known[_key(asked)] = body, self._shown
            return
        self._read(person, payload)

    def _read(self, person: int, payload: bytes) -> int:
        """Look at everything in a frame; returns how many objects it had."""
        objects = json.loads(payload)
        for thing in objects:
            kind = thing["type"]
            if kind == "error":
                raise ValueError(f"the server refused: {thing}")
            if kind == "ready":
                self._ready.set()
            elif kind == "ack":
                self.posts[thing["position"]] = self._sent_posts.pop(thing["ref"])
                self._posted = Posted(max(self._posted.seq, thing["seq"]), thing["position"])
            elif thing.get("ref") in self._open:
                asked = self._open[thing["ref"]]
                self._different += 1
                # What was posted but not acknowledged yet may be in it as well.
                self._shown = asked.work.check(person, asked.request, thing, self.posts)
                self._answered(thing["ref"], self._shown)
        return len(objects)

    def _answered(self, ref: int, shown: int) -> None:
        asked = self._open.pop(ref)
        if shown < asked.least:
            raise ValueError(f"an answer as of {shown}, after {asked.least} was acknowledged: {asked.request}")
        self._last = time.perf_counter()
        self._answer_ms.append((self._last - asked.at) * 1000)
        if self._last < self._deadline:
            self._ask(asked.work)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._ready.set()


def _key(asked: Asked) -> tuple[Any, ...]:
    return (
        (asked.person, *asked.request.values()) if asked.request["op"] != "history" else tuple(asked.request.values())
    )
