"""The order of one room in this process: takes numbered envelopes as they come, gives them on once and in order.

A pure state machine: no I/O, no clock, no Django. Who drives it reads the log for what is ``missing``.
"""

from collections.abc import Iterable

from klatch.relay import Envelope

HELD = 1_000  # beyond that the log is cheaper than memory


class Feed:
    """``seq`` is the number of the last event given on, or None before ``start``; ``head`` the highest heard of."""

    __slots__ = ("_held", "head", "room", "seq")

    def __init__(self, room: int) -> None:
        self.room = room
        self.seq: int | None = None
        self.head = 0
        self._held: dict[int, Envelope] = {}

    def start(self, seq: int) -> list[Envelope]:
        """The followers know everything up to ``seq``; returns what came meanwhile and follows it."""
        if self.seq is not None:
            return []
        self.seq = seq
        self.head = max(self.head, seq)
        for number in [number for number in self._held if number <= seq]:
            del self._held[number]
        return self._ready()

    def accept(self, envelopes: Iterable[Envelope]) -> list[Envelope]:
        """Take envelopes in any order, any number of times; returns those whose turn it is."""
        ready: list[Envelope] = []
        for envelope in envelopes:
            number = envelope.seq
            if self.seq is not None and number <= self.seq:
                continue
            if number > self.head:
                self.head = number
            if envelope.text is None:
                continue
            if self.seq is not None and number == self.seq + 1:
                # Never through what is held: that may be full, and then a gap could not be closed any more.
                self.seq = number
                ready.append(envelope)
                if self._held:
                    ready += self._ready()
            elif len(self._held) < HELD:
                self._held[number] = envelope
        return ready

    def heard(self, head: int) -> None:
        """The log has events up to ``head``."""
        self.head = max(self.head, head)

    @property
    def missing(self) -> tuple[int, int] | None:
        """The gap to read from the log, as (last number given on, last number of the gap); None where there is none."""
        if self.seq is None or self.seq >= self.head:
            return None
        upto = min(self._held, default=self.head + 1) - 1
        return (self.seq, upto) if upto > self.seq else None

    def _ready(self) -> list[Envelope]:
        ready: list[Envelope] = []
        if self.seq is None:
            return ready
        held = self._held
        while held and (following := held.pop(self.seq + 1, None)) is not None:
            ready.append(following)
            self.seq += 1
        return ready
