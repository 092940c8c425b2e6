"""A client that comes back by itself, as the product's own does, and counts what it has at the end."""

import asyncio
import random
import time
from collections.abc import Callable

from bench.client import Client, connect
from bench.dialect import Dialect, text
from bench.tally import Tally

BACK_OFF = (0.5, 1, 2, 2, 4, 8, 15)  # docs/reference/protocol.md; times a factor of 0.5 to 1
OPEN = 12.0  # seconds until an attempt to connect is given up, as in the browser

clock = time.perf_counter


def back_off(attempt: int, chance: float) -> float:
    return BACK_OFF[min(attempt, len(BACK_OFF) - 1)] * (0.5 + chance / 2)


class Returning:
    """`arrived` is called with the serial numbers that are new, and whether they came by catching up."""

    def __init__(
        self, dialect: Dialect, member: int, chance: random.Random, arrived: Callable[[range | list[int], bool], None]
    ) -> None:
        self.tally = Tally()
        self.session = dialect.session(member)
        self.returns: list[tuple[float, float]] = []  # of each connection: when it was begun, when it was complete
        self.receipts: dict[int, object] = {}
        self.fault: Exception | None = None
        self._dialect, self._member, self._chance, self._arrived = dialect, member, chance, arrived
        self._client: Client | None = None
        self._gone = asyncio.Event()
        self._outbox: dict[int, bool] = {}  # serial of an unanswered post → whether it was ever sent
        self._task: asyncio.Task[None] | None = None

    @property
    def joined(self) -> bool:
        return self._client is not None and not self._gone.is_set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._live())

    def post(self, serial: int) -> None:
        """Kept until it is answered, and sent again after a return where the server would notice a repetition."""
        self._outbox[serial] = False
        if self.joined:
            self._send(serial)

    def cut(self) -> None:
        """The network is gone, without a word to either side's program."""
        if self._client is not None:
            self._client.abort()
        self._gone.set()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._client is not None and not self._gone.is_set():
            self._client.close()

    async def _live(self) -> None:
        attempt = 0
        while True:
            begun = clock()
            self._gone.clear()
            try:
                self._client = await connect(
                    self._dialect, self._member, self._heard, self._lost, OPEN, self.session.steps()
                )
            except (OSError, TimeoutError):
                await asyncio.sleep(back_off(attempt, self._chance.random()))
                attempt += 1
                continue
            attempt = 0
            self.returns.append((begun, clock()))
            for serial, sent in list(self._outbox.items()):
                if not sent or self._dialect.acknowledges:
                    self._send(serial)
            await self._gone.wait()
            self._client = None
            await asyncio.sleep(self.pause())

    def pause(self) -> float:
        """Seconds between a loss and the first attempt."""
        return back_off(0, self._chance.random())

    def _send(self, serial: int) -> None:
        assert self._client is not None
        self._outbox[serial] = True
        self._client.send(self._dialect.post(serial, text(serial), 0))

    def _heard(self, buffer: bytearray, begin: int, end: int) -> None:
        payload = bytes(buffer[begin:end])
        serials = self.session.heard(payload)
        if serials:
            self.tally.add(serials)
            self._arrived(serials, self._client is None)
        if self._outbox:
            for serial, receipt in self._dialect.answers(payload):
                if self._outbox.pop(serial, None) is not None:
                    self.receipts[serial] = receipt

    def _lost(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            self.fault = self.fault or error
        self._gone.set()


class Jittery(Returning):
    """Cut off every 15 seconds or so, for 2 seconds, as on a train."""

    EVERY, AWAY = (12.0, 18.0), 2.0

    async def _live(self) -> None:
        cutting = asyncio.create_task(self._cutting())
        try:
            await super()._live()
        finally:
            cutting.cancel()

    async def _cutting(self) -> None:
        await asyncio.sleep(self._chance.uniform(0, self.EVERY[1]))
        while True:
            if self.joined:
                self.cut()
            await asyncio.sleep(self.AWAY + self._chance.uniform(*self.EVERY))

    def pause(self) -> float:
        return self.AWAY
