"""The load: a room of members, one of whom posts with a fixed number of messages in flight. Starts no server."""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bench.frames import client_frame, handshake
from bench.member import Member
from bench.tally import Ledger

STALL = 5.0  # seconds without a delivery after which the rest counts as lost
TICK = 0.02
WORDS = " did you see the new numbers? let us talk about them at lunch today"


def text(serial: int, size: int = 64) -> str:
    """The message with this serial number: plain words, as most of chat is."""
    return f"m{serial:08d}{WORDS}"[:size].ljust(size, ".")


class Dialect(Protocol):
    """How one server is talked to. `serial` finds the numbers of text() in a frame, `marker` occurs once a message."""

    serial: re.Pattern[bytes]
    marker: bytes
    greeting: bytes | None  # what a member says first
    ready: bytes | None  # what a member receives once it follows the room; None: the handshake is enough

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        """Host, port, path and headers of a member's socket."""

    def post(self, serial: int, body: str) -> bytes: ...

    def answers(self, payload: bytes) -> Iterable[tuple[int, Any]]:
        """Serial and receipt (to verify afterwards) of each post that this frame completes. Raises on a refusal."""


@dataclass
class Window:
    """What happened between the first post and the last delivery of it."""

    seconds: float
    posts: int
    deliveries: int
    answer_ms: list[float]  # post to answer
    delivery_ms: list[float]  # post to arrival at the last member who connected
    stalled: bool


class Load:
    def __init__(self, dialect: Dialect, members: int, in_flight: int) -> None:
        self.posted = 0
        self.receipts: dict[int, Any] = {}
        self._dialect = dialect
        self._size = members
        self._in_flight = in_flight
        self._clock = time.perf_counter
        self._ledger = Ledger(dialect.serial, dialect.marker)
        self._members: list[Member] = []
        self._sent: list[float] = []
        self._answer_ms: list[float] = []
        self._delivery_ms: list[float] = []
        self._deadline = 0.0
        self._error: Exception | None = None

    async def connect(self) -> None:
        for number in range(self._size):
            member = await self._join(number)
            self._members.append(member)
        self._members[0].on_payload = self._heard_by_poster
        self._members[-1].on_serials = self._heard_by_last

    async def run(self, seconds: float) -> Window:
        """Post for so long, then wait until everybody has everything."""
        posts, deliveries = self.posted, self._deliveries()
        self._answer_ms, self._delivery_ms = [], []
        start = self._clock()
        self._deadline = start + seconds
        self._post(self._in_flight)
        stalled = not await self._everything_arrived()
        if self._error is not None:
            raise self._error
        last = max(member.last for member in self._members)
        return Window(
            seconds=last - start,
            posts=self.posted - posts,
            deliveries=self._deliveries() - deliveries,
            answer_ms=self._answer_ms,
            delivery_ms=self._delivery_ms,
            stalled=stalled,
        )

    def close(self) -> dict[str, int]:
        """Hang up and say what went wrong, over all members. All zero: everybody got everything once, in order."""
        for member in self._members:
            member.close()
            member.tally.close(self.posted)
        tallies = [member.tally for member in self._members]
        return {
            "lost": sum(len(tally.missing) for tally in tallies),
            "duplicated": sum(tally.duplicates for tally in tallies),
            "out_of_order": sum(tally.late for tally in tallies),
            "unanswered": self.posted - len(self.receipts),
        }

    async def _join(self, number: int) -> Member:
        host, port, path, headers = self._dialect.address(number)
        opening, accept = handshake(f"{host}:{port}", path, headers)
        _, member = await asyncio.get_running_loop().create_connection(
            lambda: Member(
                opening=opening,
                accept=accept,
                greeting=self._dialect.greeting,
                ready=self._dialect.ready,
                ledger=self._ledger,
                clock=self._clock,
                fail=self._fail,
            ),
            host,
            port,
        )
        async with asyncio.timeout(20):
            while not member.joined.done() and self._error is None:
                await asyncio.wait([member.joined], timeout=TICK)
        if self._error is not None:
            raise self._error
        return member

    async def _everything_arrived(self) -> bool:
        progress, since = -1, self._clock()
        while self._error is None:
            now, deliveries = self._clock(), self._deliveries()
            if now > self._deadline and len(self.receipts) == self.posted and deliveries == self.posted * self._size:
                return True
            if deliveries != progress:
                progress, since = deliveries, now
            elif now - since > STALL:
                return False
            await asyncio.sleep(TICK)
        return False

    def _deliveries(self) -> int:
        return sum(member.tally.count for member in self._members)

    def _post(self, count: int) -> None:
        frames = []
        for serial in range(self.posted, self.posted + count):
            frames.append(client_frame(self._dialect.post(serial, text(serial))))
        self.posted += count
        self._sent.extend([self._clock()] * count)
        self._members[0].send(b"".join(frames))

    def _heard_by_poster(self, payload: bytes) -> None:
        now, answered = self._clock(), 0
        for serial, receipt in self._dialect.answers(payload):
            if serial in self.receipts:
                raise ValueError(f"two answers to post {serial}")
            self.receipts[serial] = receipt
            self._answer_ms.append((now - self._sent[serial]) * 1000)
            answered += 1
        if answered and now < self._deadline:
            self._post(answered)

    def _heard_by_last(self, serials: Sequence[int]) -> None:
        now, sent = self._clock(), self._sent
        self._delivery_ms.extend([(now - sent[serial]) * 1000 for serial in serials])

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
