"""Who is online, as far as this process knows: its own connections, and what other processes told. Never stored.

A plain state: ``realtime`` feeds it, replies read it. Room 0 stands for the place as a whole.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

PLACE = 0

Changes = Mapping[int, Mapping[int, bool]]  # room → person → online there


class Presence:
    """Counts connections, so that two tabs are one person and a crash leaves nothing behind.

    Other processes are forgotten when they have been silent for a while: a killed one takes its people with it.
    """

    def __init__(self) -> None:
        self._here: dict[int, Counter[int]] = {}
        self._elsewhere: dict[str, dict[int, set[int]]] = {}
        self._heard: dict[str, float] = {}
        self.version = 0  # moves whenever somebody may have come or gone

    def enter(self, room: int, user: int) -> bool:
        """Returns whether this made the person online in the room, as far as this process is concerned."""
        counter = self._here.get(room)
        if counter is None:
            counter = self._here[room] = Counter()
        counter[user] += 1
        if counter[user] > 1:
            return False
        self.version += 1
        return True

    def leave(self, room: int, user: int) -> bool:
        """Returns whether the person is no longer in the room through this process."""
        counter = self._here.get(room)
        if counter is None or user not in counter:
            return False
        counter[user] -= 1
        if counter[user]:
            return False
        self.version += 1
        del counter[user]
        if not counter:
            del self._here[room]
        return True

    def connect(self, user: int) -> bool:
        return self.enter(PLACE, user)

    def disconnect(self, user: int) -> bool:
        return self.leave(PLACE, user)

    def is_online(self, user: int) -> bool:
        return user in self._here.get(PLACE, ()) or any(
            user in rooms.get(PLACE, ()) for rooms in list(self._elsewhere.values())
        )

    def online_in(self, room: int) -> list[int]:
        people = set(self._here.get(room, ()))
        # A copy: replies ask on threads, while the event loop hears of other processes.
        for rooms in list(self._elsewhere.values()):
            people |= rooms.get(room, set())
        return list(people)

    def count_in(self, room: int) -> int:
        return len(self.online_in(room)) if self._elsewhere else len(self._here.get(room, ()))

    def here(self) -> dict[int, list[int]]:
        """Who is where through this process: what it tells the others."""
        return {room: list(counter) for room, counter in self._here.items()}

    def changed_elsewhere(self, process: str, changes: Changes, now: float) -> None:
        """Another process says who came and went there."""
        self.version += 1
        rooms = self._elsewhere.setdefault(process, {})
        self._heard[process] = now
        for room, people in changes.items():
            there = rooms.setdefault(room, set())
            for user, online in people.items():
                (there.add if online else there.discard)(user)
            if not there:
                del rooms[room]

    def all_elsewhere(self, process: str, rooms: Mapping[int, Iterable[int]], now: float) -> dict[int, set[int]]:
        """Another process says who is where, in full; returns what is news in each room."""
        self.version += 1
        before = self._elsewhere.get(process, {})
        after = {room: set(people) for room, people in rooms.items()}
        self._elsewhere[process] = after
        self._heard[process] = now
        news = {room: before.get(room, set()) ^ after.get(room, set()) for room in before.keys() | after.keys()}
        return {room: people for room, people in news.items() if people}

    def forget_silent(self, since: float) -> dict[int, set[int]]:
        """Drop processes last heard before ``since``; returns whom that may take away, by room."""
        gone: dict[int, set[int]] = {}
        for process in [process for process, heard in self._heard.items() if heard < since]:
            del self._heard[process]
            self.version += 1
            for room, people in self._elsewhere.pop(process).items():
                gone.setdefault(room, set()).update(people)
        return gone

    def clear(self) -> None:
        self._here.clear()
        self._elsewhere.clear()
        self._heard.clear()
        self.version += 1


presence = Presence()
