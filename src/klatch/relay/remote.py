"""What all relays between processes share: a queue, one publish a batch, one subscription, coming back after a loss.

Each kind only says how bytes go out and come in.
"""

import asyncio
import contextlib
import logging
import secrets
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from klatch.relay import Envelope, Receive, pack, unpack
from klatch.relay.seal import Seal

logger = logging.getLogger("klatch.relay")

WAITING = 5_000  # batches; what is beyond is left to the look at the log
SEND_SECONDS = 5.0
AGAIN_SECONDS = 0.5


class RemoteRelay(ABC):
    """Hands what is published here to this process at once, without the network; to the others when the line is up.

    While the line is down batches for others are dropped: the look at the log finds them, and holding them would only
    make them late.
    """

    alone = False

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        self._seal = Seal()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receive: Receive | None = None
        self._outgoing: deque[bytes] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._down = False

    @property
    def healthy(self) -> bool:
        """Whether the line was up when last looked at."""
        return not self._down

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        loop = self._loop
        if loop is None:
            # No node runs in this process (a command, a WSGI worker): tell the others straight away.
            try:
                for payload in self.pack(envelopes):
                    self.send_now(self._seal.close(payload))
            except Exception as problem:
                logger.warning("Not told to other processes (they will find it in the log): %s", problem)
            return
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._hand_over, envelopes)

    async def start(self, receive: Receive, resync: Callable[[], None]) -> None:
        self._loop, self._receive = asyncio.get_running_loop(), receive
        self._wake = asyncio.Event()
        listening = asyncio.Event()
        self._tasks = [asyncio.create_task(self._send_all()), asyncio.create_task(self._listen(resync, listening))]
        # A server starts without its relay, too; it then waits no longer than this.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening.wait(), SEND_SECONDS)

    async def stop(self) -> None:
        self._loop = self._receive = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._outgoing.clear()
        with contextlib.suppress(Exception):
            await self.disconnect()

    def pack(self, envelopes: Sequence[Envelope]) -> list[bytes]:
        """A batch as what is sent: one payload, unless the line has a limit."""
        return [pack(self.name, envelopes)]

    @abstractmethod
    async def send(self, payload: bytes) -> None:
        """Tell every subscribed process. Raises whatever goes wrong."""

    @abstractmethod
    def send_now(self, payload: bytes) -> None:
        """The same from synchronous code, in a second at most."""

    @abstractmethod
    def subscribe(self, subscribed: Callable[[], None]) -> AsyncIterator[bytes]:
        """Everything that is told from the moment ``subscribed`` is called. Raises when the line breaks."""

    async def disconnect(self) -> None:  # noqa: B027 - not every line holds something
        """Let go of what ``send`` holds."""

    def _hand_over(self, envelopes: Sequence[Envelope]) -> None:
        if self._receive is not None:
            self._receive(envelopes)
            self._outgoing.extend(map(self._seal.close, self.pack(envelopes)))
            self._wake.set()

    async def _send_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outgoing:
                payload = self._outgoing.popleft()
                try:
                    await asyncio.wait_for(self.send(payload), SEND_SECONDS)
                except Exception as problem:
                    self._noticed(problem)
                    self._outgoing.clear()
                    await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self, resync: Callable[[], None], listening: asyncio.Event) -> None:
        def subscribed() -> None:
            # From here on nothing is missed; what was told before may have been.
            if self._down:
                logger.warning("The relay is back")
            self._down = False
            listening.set()
            resync()

        while True:
            try:
                async for payload in self.subscribe(subscribed):
                    self._take(payload)
            except Exception as problem:
                self._noticed(problem)
            await asyncio.sleep(AGAIN_SECONDS)

    def _take(self, payload: bytes) -> None:
        try:
            sender, envelopes = unpack(self._seal.open(payload))
        except ValueError:
            logger.warning(
                "Something that is no batch of ours came over the relay. Have all processes the same secret key?"
            )
            return
        if sender != self.name and self._receive is not None:
            self._receive(envelopes)

    def _noticed(self, problem: Exception) -> None:
        if not self._down:
            logger.warning("The relay is down, other processes are reached through the log: %s", problem)
        self._down = True
