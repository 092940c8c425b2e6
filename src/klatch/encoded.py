"""Messages and rooms as JSON text, encoded once for each version of a row. Decides no right, keeps within its bytes.

Who asks has read the versions from the database just now: what is kept under another version is not given out.
"""

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from pydantic_core import from_json

from klatch import protocol, serialize
from klatch.models import Room
from klatch.proof import Version

MESSAGES_BYTES = 32 * 2**20
ROOMS_BYTES = 4 * 2**20
PEOPLE_BYTES = 4 * 2**20
OVERHEAD = 300  # bytes of an entry beside its text, about
# Names and pictures of people have no number in the log. `forget` is called when an account changes; where nobody tells
# (another process, an adapter with a source of its own) a text is this old at most, and so are the people in it when it
# is made: a minute in all.
SECONDS = 30.0


class Texts[K: Hashable, V: Hashable]:
    """The last used texts by key, each with the version it is of, as many as fit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, str, float]] = OrderedDict()
        self.size = 0
        self.age = 0  # how often everything was forgotten

    def find(self, wanted: Iterable[tuple[K, V]]) -> tuple[dict[K, str], list[K]]:
        """The texts that are kept of these very versions, and the keys of those that are not."""
        texts: dict[K, str] = {}
        missing = []
        with self._lock:
            oldest = time.monotonic() - SECONDS
            for key, version in wanted:
                found = self._kept.get(key)
                if found is None or found[0] != version or found[2] < oldest:
                    missing.append(key)
                else:
                    self._kept.move_to_end(key)
                    texts[key] = found[1]
        return texts, missing

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
_people: Texts[int, None] = Texts(PEOPLE_BYTES)


def forget() -> None:
    """Somebody's account has changed: names are read anew."""
    _messages.forget()
    _rooms.forget()
    _people.forget()


def messages(wanted: Iterable[Version]) -> tuple[dict[int, str], bool]:
    """The text of these messages by id; and whether some were read only now, which is later than their versions."""
    texts, missing = _messages.find((version.id, version) for version in wanted)
    if missing:
        texts |= _read(missing)
    return texts, bool(missing)


def _read(ids: Sequence[int]) -> dict[int, str]:
    age = _messages.age
    with connection.cursor() as cursor:
        # One statement, one state of the database: each text is of the version that stands beside it.
        cursor.execute(f"{_WRITTEN.format(_REACTIONS[connection.vendor])} ({', '.join(['%s'] * len(ids))})", ids)
        rows = cursor.fetchall()
    people = _people_of({key for row in rows for key in (row[2], row[5])})
    moment = getattr(connection.ops, "convert_datetimefield_value", _as_it_is)
    made = {row[0]: _encode(row, people, moment) for row in rows}
    if not connection.in_atomic_block:
        # What is read within a transaction may never be committed, and its id and number be given to another.
        for row in rows:
            _messages.put(row[0], Version(*row[:6]), made[row[0]], age)
    return made


_WRITTEN = (
    "SELECT m.id, m.rev, m.author_id, q.id, q.rev, q.author_id, q.position, q.body, q.deleted_at, "
    "m.room_id, m.position, m.seq, m.client_id, m.body, m.html, m.at, m.edited_at, m.deleted_at, "
    "{} "
    "FROM klatch_message m LEFT JOIN klatch_message q ON q.id = m.reply_to_id WHERE m.id IN"
)
_REACTIONS = {
    "sqlite": "CASE WHEN EXISTS (SELECT 1 FROM klatch_reaction WHERE message_id = m.id) THEN "
    "(SELECT json_group_array(json_array(emoji, user_id)) "
    "FROM (SELECT emoji, user_id FROM klatch_reaction WHERE message_id = m.id ORDER BY id)) END",
    "postgresql": "(SELECT json_agg(json_build_array(emoji, user_id) ORDER BY id)::text "
    "FROM klatch_reaction WHERE message_id = m.id)",
}


def _encode(row: Sequence[Any], people: dict[int | None, protocol.User], moment: Callable[..., Any]) -> str:
    """A message as JSON text, of a row of ``_WRITTEN``."""
    key, rev, author, *quoted, room, position, seq, client_id, body, html, at, edited_at, deleted, reactions = row
    message = SimpleNamespace(
        pk=key,
        room_id=room,
        position=position,
        seq=seq,
        rev=rev,
        client_id=UUID(str(client_id)),
        author=people.get(author),
        body=body,
        html=html,
        at=moment(at, None, connection),
        edited_at=edited_at and moment(edited_at, None, connection),
        deleted=deleted is not None,
        reply_to=None if quoted[0] is None else _quoted(people, *quoted),
    )
    return protocol.encode(serialize.message(message, from_json(reactions) if reactions else ()))  # type: ignore[arg-type]


def _quoted(people: dict[int | None, protocol.User], key: int, _: int, author: int, *values: Any) -> SimpleNamespace:
    position, body, deleted = values
    return SimpleNamespace(pk=key, position=position, author=people.get(author), body=body, deleted=deleted is not None)


def _as_it_is(value: Any, *_: Any) -> Any:
    """PostgreSQL's driver makes moments by itself; SQLite's text is made one by Django."""
    return value


def _people_of(ids: Iterable[int | None]) -> dict[int | None, protocol.User]:
    age = _people.age
    texts, missing = _people.find((key, None) for key in ids if key is not None)
    if missing:
        for person in get_user_model()._base_manager.filter(pk__in=missing):
            texts[person.pk] = protocol.encode(serialize.user(person))
            if not connection.in_atomic_block:
                _people.put(person.pk, None, texts[person.pk], age)
    return {key: from_json(text) for key, text in texts.items()}


def rooms(wanted: Iterable[tuple[int, int]]) -> tuple[dict[int, str], bool]:
    """The same for rooms by id and number of their last event: all that is shown of a room moves that number."""
    texts, missing = _rooms.find(wanted)
    if missing:
        age = _rooms.age
        for row in Room.objects.filter(pk__in=missing):
            texts[row.pk] = protocol.encode(serialize.room(row))
            if not connection.in_atomic_block:
                _rooms.put(row.pk, row.seq, texts[row.pk], age)
    return texts, bool(missing)
