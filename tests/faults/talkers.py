"""Clients that write down every call, ack and event with monotonic time, come back by themselves, and never give up."""

import asyncio
import contextlib
import itertools
import random
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import websockets

from klatch.client import RETRYABLE, Client, Closed, RequestError


@dataclass
class Sent:
    body: str
    called: float
    acked: float | None = None
    ack: dict[str, Any] = field(default_factory=dict)
    refused: str = ""


class Talker:
    """One person. ``urls`` are the addresses of any process; each time it comes back it takes another."""

    def __init__(self, urls: Callable[[], list[str]], token: str, room: int, *, first: int = 0) -> None:
        self._urls = urls
        self._token = token
        self._turn = itertools.count(first)
        self.room = room
        self.client = Client(urls()[0], token=token)
        self.sent: dict[str, Sent] = {}
        self.numbers: list[int] = []  # of the room's events, as they were handed on
        self.messages: dict[int, tuple[str, float]] = {}  # id → body, when it came
        self.resets = 0
        self.returns: list[float] = []  # seconds each coming back took
        self.replays: list[float] = []  # seconds from dialling to being complete, of each coming back
        self.trail: deque[tuple[float, str]] = deque(maxlen=12)  # what happened to the line, for who asks why
        self._away_until = 0.0
        self.start_number = 0
        self.ended: Closed | None = None
        self._online = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        line = self.client._socket
        return (
            f"<Talker at {self.client.seqs.get(self.room)}, {self.client.frames.qsize()} frames wait, "
            f"holes asked for {self.client._asked}, line {line.state.name if line else None} to {self.client.url}, "
            f"online {self._online.is_set()}, ended {self.ended}, "
            f"{[(round(when - time.monotonic(), 1), what) for when, what in self.trail]}>"
        )

    async def start(self) -> "Talker":
        await self._open()
        self.start_number = self.client.seqs[self.room]
        self._task = asyncio.create_task(self._live())
        return self

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self.client.abort()

    async def post(self, body: str, *, client_id: str = "", seconds: float = 60) -> Sent:
        """Send until it is acknowledged or refused for good."""
        key = client_id or str(uuid.uuid4())
        sent = self.sent.setdefault(key, Sent(body, time.monotonic()))
        async with asyncio.timeout(seconds):
            while sent.acked is None and not sent.refused:
                await self._online.wait()
                try:
                    async with asyncio.timeout(10):
                        ack = await self.client.request("post", room=self.room, client_id=key, body=body)
                except RequestError as refused:
                    if refused.code not in RETRYABLE:
                        sent.refused = refused.code
                    await asyncio.sleep(float(refused.frame.get("retry_after", 0.2)))
                except (Closed, TimeoutError):
                    await asyncio.sleep(0.05)
                else:
                    sent.acked, sent.ack = time.monotonic(), ack
        return sent

    def away(self, seconds: float) -> None:
        """The line breaks with a reset, and there is no network for so long."""
        self._away_until = time.monotonic() + seconds
        if self.client._socket is not None:
            self.client._socket.transport.abort()

    async def until(self, number: int, seconds: float = 15) -> None:
        """Wait until this event of the room has come."""
        async with asyncio.timeout(seconds):
            # Any frame may bring it, and it must have been handed on.
            while (self.client.seqs.get(self.room) or 0) < number or not self.client.frames.empty():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def _open(self) -> None:
        urls = self._urls()
        self.client.url = f"ws{urls[next(self._turn) % len(urls)].removeprefix('http')}/ws/"
        self.trail.append((time.monotonic(), f"dials {self.client.url}"))
        async with asyncio.timeout(20):
            await self.client.connect()
        self.trail.append((time.monotonic(), "is back"))
        self._online.set()

    async def _live(self) -> None:
        while True:
            try:
                self._take(await self.client.next())
            except Closed as closed:
                self.trail.append((time.monotonic(), f"hears of {closed}"))
                self._online.clear()
                if closed.final:
                    self.ended = closed
                    return
                await self._return()

    async def _return(self) -> None:
        gone = time.monotonic()
        while True:
            await asyncio.sleep(max(0.0, self._away_until - time.monotonic()))
            dialled = time.monotonic()
            try:
                await self._open()
            except Closed as closed:
                self.trail.append((time.monotonic(), f"is refused: {closed}"))
                if closed.final:
                    self.ended = closed
                    return
            except (OSError, TimeoutError, websockets.WebSocketException) as problem:
                self.trail.append((time.monotonic(), f"fails: {problem!r}"))
            else:
                self.returns.append(time.monotonic() - gone)
                self.replays.append(time.monotonic() - dialled)
                return
            await asyncio.sleep(0.1 + random.random() * 0.2)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame.get("room") != self.room:
            return
        if frame["type"] == "reset":
            self.resets += 1
        elif "seq" in frame:
            self.numbers.append(frame["seq"])
            if frame["type"] == "message.posted":
                self.messages[frame["message"]["id"]] = (frame["message"]["body"], time.monotonic())


@dataclass
class Verdict:
    """What the checker found; all of these must be empty."""

    unstored: list[str] = field(default_factory=list)  # acknowledged, not in the database with this text
    lost: list[str] = field(default_factory=list)  # in the database, not delivered to somebody entitled
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)  # delivered, not in the database
    stored: int = 0
    delivered: int = 0

    @property
    def clean(self) -> bool:
        return not (self.unstored or self.lost or self.doubled or self.disordered or self.phantoms)


async def judge(
    stored: dict[str, dict[str, Any]], talkers: list[Talker], writers: list[Talker] | None = None
) -> Verdict:
    """Compare what was acknowledged, what is stored and what each talker was shown, once all are up to date."""
    verdict = Verdict(stored=len(stored))
    head = max([row["seq"] for row in stored.values()], default=0)
    for talker in talkers:
        with contextlib.suppress(TimeoutError):
            await talker.until(head)
    by_id = {row["id"]: row for row in stored.values()}
    for number, talker in enumerate(writers or talkers):
        for key, sent in talker.sent.items():
            row = stored.get(key)
            if sent.acked is not None and (row is None or row["body"] != sent.body or row["seq"] != sent.ack["seq"]):
                verdict.unstored.append(f"{number}: {sent.body[:40]}")
    for number, talker in enumerate(talkers):
        verdict.delivered += len(talker.messages)
        numbers = talker.numbers
        if len(set(numbers)) != len(numbers):
            verdict.doubled.append(f"{number}: {len(numbers) - len(set(numbers))} events")
        expected = list(range(talker.start_number + 1, talker.start_number + 1 + len(numbers)))
        if not talker.resets and numbers != expected:
            verdict.disordered.append(f"{number}: {numbers[:5]}…{numbers[-5:]}")
        for row in by_id.values():
            if row["seq"] > talker.start_number and row["id"] not in talker.messages and not talker.resets:
                verdict.lost.append(f"{number}: {row['seq']}")
        for key in talker.messages.keys() - by_id.keys():
            verdict.phantoms.append(f"{number}: {key}")
    return verdict
