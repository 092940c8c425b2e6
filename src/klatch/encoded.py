"""Messages and rooms as JSON text, encoded once for each version of a row. Decides no right, keeps within its bytes.

Who asks has read the versions from the database just now: what is kept under another version is not given out.
"""

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence

from django.db import connection

from klatch import protocol, queries, serialize
from klatch.models import Message, Room
from klatch.queries import Version

MESSAGES_BYTES = 32 * 2**20
ROOMS_BYTES = 4 * 2**20
OVERHEAD = 300  # bytes of an entry beside its text, about
# Names and pictures of people have no number in the log. `forget` is called when an account changes; where nobody tells
# (another process, an adapter with a source of its own) they are this old at most.
SECONDS = 60.0


class Texts[K: Hashable, V: Hashable]:
    """The last used texts by key, each with the version it is of, as many as fit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, str, float]] = OrderedDict()
        self.size = 0
        self.age = 0  # how often everything was forgotten

    def get(self, key: K, version: V) -> str | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != version or time.monotonic() - found[2] > SECONDS:
                return None
            self._kept.move_to_end(key)
            return found[1]

    def put(self, key: K, version: V, text: str, age: int) -> None:
        """``age`` is what it was before the row was read: what was forgotten meanwhile does not come back."""
        with self._lock:
            if age != self.age:
                return
            self._drop(key)
            self._kept[key] = version, text, time.monotonic()
            self.size += sys.getsizeof(text) + OVERHEAD
            while self.size > self._limit:
                self._drop(next(iter(self._kept)))

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
            self.size = 0
            self.age += 1

    def _drop(self, key: K) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.size -= sys.getsizeof(found[1]) + OVERHEAD


_messages: Texts[int, Version] = Texts(MESSAGES_BYTES)
_rooms: Texts[int, int] = Texts(ROOMS_BYTES)


def forget() -> None:
    """Somebody's account has changed: names are read anew."""
    _messages.forget()
    _rooms.forget()


def messages(wanted: Iterable[Version]) -> tuple[dict[int, str], bool]:
    """The text of these messages by id; and whether some were read only now, which is later than their versions."""
    texts: dict[int, str] = {}
    missing = []
    for version in wanted:
        text = _messages.get(version.id, version)
        if text is None:
            missing.append(version.id)
        else:
            texts[version.id] = text
    if missing:
        texts |= _read(missing)
    return texts, bool(missing)


def _read(ids: Sequence[int]) -> dict[int, str]:
    age = _messages.age
    rows = {row.pk: row for row in queries.messages().filter(pk__in=ids)}
    given = queries.reactions_to(rows)
    made = {key: protocol.encode(serialize.message(row, given[key])) for key, row in rows.items()}
    if connection.in_atomic_block:
        # What is read here may never be committed, and its id and number be given to something else.
        return made
    # Rows and reactions are read one after the other: kept is only what did not change meanwhile.
    for version in queries.versions(rows):
        row = rows[version.id]
        if version == _version(row):
            _messages.put(version.id, version, made[version.id], age)
    return made


def _version(row: Message) -> Version:
    quoted = row.reply_to
    if quoted is None:
        return Version(row.pk, row.rev, row.author_id, None, None, None)
    return Version(row.pk, row.rev, row.author_id, quoted.pk, quoted.rev, quoted.author_id)


def rooms(wanted: Iterable[tuple[int, int]]) -> tuple[dict[int, str], bool]:
    """The same for rooms by id and number of their last event: all that is shown of a room moves that number."""
    texts: dict[int, str] = {}
    missing = []
    for key, seq in wanted:
        text = _rooms.get(key, seq)
        if text is None:
            missing.append(key)
        else:
            texts[key] = text
    if missing:
        age = _rooms.age
        for row in Room.objects.filter(pk__in=missing):
            texts[row.pk] = protocol.encode(serialize.room(row))
            if not connection.in_atomic_block:
                _rooms.put(row.pk, row.seq, texts[row.pk], age)
    return texts, bool(missing)
