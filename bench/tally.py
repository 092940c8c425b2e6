"""Counts who received what: every message once, in order, at every member. Knows no sockets."""

import re
from collections.abc import Sequence


class Ledger:
    """Which serial numbers a frame carries. A frame that many members receive is read once, then only compared."""

    def __init__(self, serial: re.Pattern[bytes], marker: bytes, first: int = 0, posters: int = 1) -> None:
        self._serial = serial
        self._marker = marker
        self._first = first
        # One poster's messages keep its order. With several the server chooses one, which must be the same for all:
        # a message's number is then its place in what was seen first.
        self._places: dict[int, int] | None = {} if posters > 1 else None
        self._order: list[int] = []
        # The latest frame of each length. Equal bytes hold equal messages, and comparing costs a tenth of searching.
        self._latest: dict[int, tuple[bytes, Sequence[int]]] = {}

    def serials(self, buffer: bytearray, begin: int, end: int) -> Sequence[int]:
        latest = self._latest.get(end - begin)
        if latest is not None and buffer.startswith(latest[0], begin):
            return latest[1]
        payload = bytes(buffer[begin:end])
        serials = self.read(payload)
        self._latest[end - begin] = payload, serials
        return serials

    def read(self, payload: bytes) -> Sequence[int]:
        """A range if the numbers follow one another, which is what a healthy server sends."""
        found = [self._place(int(digits)) for digits in self._serial.findall(payload)]
        if payload.count(self._marker) != len(found):
            raise ValueError(f"a message without the text that was posted: {payload[:500]!r}")
        run = range(found[0], found[0] + len(found)) if found else range(0)
        return run if found == list(run) else found

    def serial_at(self, place: int) -> int:
        return place if self._places is None else self._order[place - self._first]

    def _place(self, serial: int) -> int:
        if self._places is None:
            return serial
        place = self._places.get(serial)
        if place is None:
            place = self._places[serial] = self._first + len(self._order)
            self._order.append(serial)
        return place


class Tally:
    """What one member received of the messages from `first` on."""

    __slots__ = ("count", "duplicates", "expected", "late", "missing")

    def __init__(self, first: int = 0) -> None:
        self.count = 0
        self.expected = first
        self.missing: set[int] = set()
        self.late = 0
        self.duplicates = 0

    def add(self, serials: Sequence[int]) -> None:
        if type(serials) is range and serials.start == self.expected:
            self.count += len(serials)
            self.expected = serials.stop
            return
        for serial in serials:
            self._add_one(serial)

    def _add_one(self, serial: int) -> None:
        if serial >= self.expected:
            self.missing.update(range(self.expected, serial))
            self.expected = serial + 1
        elif serial in self.missing:
            self.missing.discard(serial)
            self.late += 1
        else:
            self.duplicates += 1
            return
        self.count += 1

    def close(self, end: int) -> None:
        """Nothing more will come: what is not here of the messages before `end` is lost."""
        self.missing.update(range(self.expected, end))
        self.expected = max(self.expected, end)


class Front:
    """How far the slowest member of a room is: a dictionary step a frame, however many members and messages."""

    __slots__ = ("_members", "lowest")

    def __init__(self, first: int, members: int) -> None:
        self.lowest = first
        self._members = {first: members}  # how many members expect this serial next

    def move(self, old: int, new: int) -> bool:
        """A member went from expecting old to expecting new. Returns whether the slowest is further now."""
        members = self._members
        members[new] = members.get(new, 0) + 1
        if members[old] > 1:
            members[old] -= 1
            return False
        del members[old]
        if old != self.lowest:
            return False
        self.lowest = min(members)
        return True
