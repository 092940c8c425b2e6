"""One member in a room of the load: what it received, and whether something it posted is still on its way."""

from collections.abc import Callable
from typing import Any

from bench.client import Client
from bench.tally import Front, Ledger, Tally


class Room:
    """One room: its messages have the serial numbers from `first` on."""

    def __init__(self, number: int, first: int, members: int, ledger: Ledger) -> None:
        self.number, self.first = number, first
        self.next = first  # the serial of its next post
        self.ledger = ledger
        self.front = Front(first, members)

    @property
    def posted(self) -> int:
        return self.next - self.first


type Arrived = Callable[[Room, int], None]
type Answered = Callable[[Member, bytes], None]


class Member:
    """`counted` is false for a poster whom the server does not send its own messages."""

    client: Client

    def __init__(self, room: Room, counted: bool, arrived: Arrived, answered: Answered) -> None:
        self.room, self.counted = room, counted
        self.tally = Tally(room.first)
        self.waiting: set[int] = set()  # posts that are not answered
        self._arrived, self._answered = arrived, answered

    def heard(self, buffer: bytearray, begin: int, end: int) -> None:
        if self.counted:
            room, tally = self.room, self.tally
            serials = room.ledger.serials(buffer, begin, end)
            if serials:
                before, lowest = tally.expected, room.front.lowest
                tally.add(serials)
                if tally.expected != before and room.front.move(before, tally.expected):
                    self._arrived(room, lowest)
        if self.waiting:
            self._answered(self, bytes(buffer[begin:end]))

    def faults(self) -> dict[str, Any]:
        if not self.counted:
            return {"lost": 0, "duplicated": 0, "out_of_order": 0}
        self.tally.close(self.room.next)
        return {"lost": len(self.tally.missing), "duplicated": self.tally.duplicates, "out_of_order": self.tally.late}
