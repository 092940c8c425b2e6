"""The load: rooms of members, some of whom post with a fixed number of messages in flight. Starts no server."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench.client import connect_all
from bench.dialect import Dialect, text
from bench.member import Member, Room
from bench.tally import Ledger

STALL = 5.0  # seconds without a delivery after which the rest counts as lost
ROOM_SERIALS = 10_000  # with several rooms: the serial numbers of each


@dataclass(frozen=True)
class Shape:
    """Who is there and who posts. `roaming`: after each answer a random member posts, not the same again."""

    members: int
    in_flight: int  # of each poster
    rooms: int = 1
    posters: int = 1
    roaming: bool = False


@dataclass
class Window:
    """What happened between the first post and the last delivery of it."""

    seconds: float
    posts: int
    deliveries: int
    answer_ms: list[float]  # post to answer
    delivery_ms: list[float]  # post to arrival at the last member of its room
    stalled: bool


class Load:
    def __init__(self, dialect: Dialect, shape: Shape) -> None:
        self.posted = 0
        self.receipts: dict[int, Any] = {}
        self._dialect, self._shape = dialect, shape
        self._clock = time.perf_counter
        self._chance = random.Random(4)
        each = shape.members // shape.rooms
        firsts = range(0, shape.rooms * ROOM_SERIALS, ROOM_SERIALS)
        ledgers = [Ledger(dialect.serial, dialect.marker, first, shape.posters) for first in firsts]
        self._rooms = [Room(n, n * ROOM_SERIALS, each, ledger) for n, ledger in enumerate(ledgers)]
        self._tick = max(0.02, shape.members / 200_000)
        self._members = [self._member(number, True) for number in range(shape.members)]
        extra = 0 if dialect.echoes else shape.posters
        self._members += [self._member(number, False) for number in range(extra)]
        self._posters = self._members[-extra:] if extra else self._members[: shape.posters]
        self._sent: dict[int, float] = {}
        self._answer_ms: list[float] = []
        self._delivery_ms: list[float] = []
        self._deadline = self._last = 0.0
        self._error: Exception | None = None

    async def connect(self) -> None:
        owners = [(number, member.heard, self._fail) for number, member in enumerate(self._members)]
        for member, client in zip(self._members, await connect_all(self._dialect, owners), strict=True):
            member.client = client
        if self._error is not None:
            raise self._error

    async def run(self, seconds: float) -> Window:
        """Post for so long, then wait until everybody has everything."""
        posts, deliveries = self.posted, self._deliveries()
        self._answer_ms, self._delivery_ms = [], []
        start = self._clock()
        self._deadline = start + seconds
        for poster in self._posters:
            self._post(poster, self._shape.in_flight)
        stalled = not await self._everything_arrived()
        if self._error is not None:
            raise self._error
        return Window(
            seconds=self._last - start,
            posts=self.posted - posts,
            deliveries=self._deliveries() - deliveries,
            answer_ms=self._answer_ms,
            delivery_ms=self._delivery_ms,
            stalled=stalled,
        )

    def close(self) -> dict[str, int]:
        """Hang up and say what went wrong, over all members. All zero: everybody got everything once, in order."""
        faults: Counter[str] = Counter()
        for member in self._members:
            member.client.close()
            faults.update(member.faults())
        return {**faults, "unanswered": self.posted - len(self.receipts)}

    def _member(self, number: int, counted: bool) -> Member:
        return Member(self._rooms[number % self._shape.rooms], counted, self._arrived, self._answered)

    async def _everything_arrived(self) -> bool:
        progress, since = -1, self._clock()
        each = self._shape.members // self._shape.rooms
        while self._error is None:
            now, deliveries = self._clock(), self._deliveries()
            if now > self._deadline and len(self.receipts) == self.posted and deliveries == self.posted * each:
                return True
            if deliveries != progress:
                progress, since = deliveries, now
            elif now - since > STALL:
                self._last = max(self._last, since)
                return False
            await asyncio.sleep(self._tick)
        return False

    def _deliveries(self) -> int:
        return sum([member.tally.count for member in self._members])

    def _post(self, poster: Member, count: int) -> None:
        room = poster.room
        serials = range(room.next, room.next + count)
        if self._shape.rooms > 1 and serials.stop > room.first + ROOM_SERIALS:
            raise ValueError("a room has no serial numbers left")
        room.next = serials.stop
        self.posted += count
        poster.waiting.update(serials)
        poster.client.send(*[self._dialect.post(serial, text(serial), room.number) for serial in serials])
        now = self._clock()
        self._sent.update(dict.fromkeys(serials, now))

    def _answered(self, poster: Member, payload: bytes) -> None:
        now, answered = self._clock(), 0
        for serial, receipt in self._dialect.answers(payload):
            if serial in poster.waiting:
                poster.waiting.remove(serial)
                self.receipts[serial] = receipt
                self._answer_ms.append((now - self._sent[serial]) * 1000)
                answered += 1
            elif self._dialect.acknowledges:
                raise ValueError(f"a second answer, or one to somebody else: post {serial}")
        if not answered or now >= self._deadline:
            return
        if self._shape.roaming:
            for _ in range(answered):
                self._post(self._chance.choice(self._members), 1)
        else:
            self._post(poster, answered)

    def _arrived(self, room: Room, before: int) -> None:
        """The slowest member of the room has come further."""
        now = self._last = self._clock()
        sent, serial_at = self._sent, room.ledger.serial_at
        self._delivery_ms.extend([(now - sent[serial_at(place)]) * 1000 for place in range(before, room.front.lowest)])

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
