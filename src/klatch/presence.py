"""Who is online, as far as this process knows: a plain state that ``realtime`` feeds and replies read. Never stored."""

from collections import Counter


class Presence:
    """Counts connections, so that two tabs are one person and a crash leaves nothing behind."""

    def __init__(self) -> None:
        self._users: Counter[int] = Counter()
        self._rooms: dict[int, Counter[int]] = {}

    def enter(self, room: int, user: int) -> bool:
        """Returns whether this made the person online in the room."""
        counter = self._rooms.setdefault(room, Counter())
        counter[user] += 1
        return counter[user] == 1

    def leave(self, room: int, user: int) -> bool:
        """Returns whether the person is no longer online in the room."""
        counter = self._rooms.get(room)
        if counter is None or user not in counter:
            return False
        counter[user] -= 1
        if counter[user]:
            return False
        del counter[user]
        if not counter:
            del self._rooms[room]
        return True

    def connect(self, user: int) -> None:
        self._users[user] += 1

    def disconnect(self, user: int) -> None:
        self._users[user] -= 1
        if self._users[user] <= 0:
            del self._users[user]

    def is_online(self, user: int) -> bool:
        return user in self._users

    def online_in(self, room: int) -> list[int]:
        return list(self._rooms.get(room, ()))

    def count_in(self, room: int) -> int:
        return len(self._rooms.get(room, ()))

    def clear(self) -> None:
        self._users.clear()
        self._rooms.clear()


presence = Presence()
