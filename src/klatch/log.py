"""The event log: takes the next number under the room's lock, appends events, publishes them on commit.

The only caller of ``relay.publish`` for what has a number, and for what is told to one person.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import NotSupportedError, ProgrammingError, connection, transaction
from django.utils import timezone

from klatch import lookups, protocol, serialize
from klatch.models import Epoch, Event, Message, Room, bulk
from klatch.models.invite import hash_secret
from klatch.relay import Envelope, relay

FIRST_TIMELINE = "00000001"


@dataclass(slots=True)
class Entry:
    """An event on its way into the log: has what ``serialize.event`` asks of a row."""

    room: Room
    seq: int
    kind: str
    actor: Any
    message: Message | None
    user: Any
    data: dict[str, Any]
    at: datetime
    reactions: serialize.Reactions

    @property
    def room_id(self) -> int:
        return self.room.id

    @property
    def message_id(self) -> int | None:
        return None if self.message is None else self.message.id

    @property
    def user_id(self) -> int:
        return 0 if self.user is None else self.user.pk


class Record:
    """The events of one transaction. ``rooms`` holds the locked rooms that exist, by id.

    ``writes`` takes rows that are to be stored together with the events, when the record closes.
    """

    def __init__(self, rooms: dict[int, Room]) -> None:
        self.rooms = rooms
        self.entries: list[Entry] = []
        self.writes = bulk.Writes()
        self.at = timezone.now()

    def append(
        self,
        room: Room,
        kind: str,
        actor: Any,
        *,
        message: Message | None = None,
        reactions: serialize.Reactions = (),
        user: Any = None,
        data: dict[str, Any] | None = None,
    ) -> Entry:
        """Take the room's next number for an event. Written, with the room, when the record closes."""
        room.seq += 1
        entry = Entry(room, room.seq, str(kind), actor, message, user, data or {}, self.at, reactions)
        self.entries.append(entry)
        return entry

    def save(self) -> None:
        """Write the events and the counters of the rooms that have some."""
        self.writes.insert(
            Event,
            ("room", "seq", "kind", "message", "actor", "user", "data", "at"),
            [
                (
                    entry.room_id,
                    entry.seq,
                    entry.kind,
                    entry.message_id,
                    entry.actor.pk if entry.actor is not None else None,
                    entry.user.pk if entry.user is not None else None,
                    entry.data,
                    entry.at,
                )
                for entry in self.entries
            ],
        )
        touched = {entry.room_id: entry.room for entry in self.entries}
        self.writes.update(
            Room,
            ("seq", "count", "members", "active_at"),
            [(room.seq, room.count, room.members, room.active_at, key) for key, room in touched.items()],
        )
        self.writes.send()

    def envelopes(self) -> list[Envelope]:
        """Every event encoded, once, for everybody."""
        return [
            Envelope(
                entry.kind,
                entry.room_id,
                entry.seq,
                entry.user_id,
                protocol.encode(serialize.event(entry, entry.reactions)),
            )
            for entry in self.entries
        ]


@contextmanager
def record(room_ids: Iterable[int], *, savepoint: bool = True) -> Iterator[Record]:
    """One transaction over these rooms, locked in the order of their ids; its events are published when it commits.

    Inside, change what the events tell of. The rooms' counters and ``active_at`` are saved at the end. ``savepoint``:
    within another transaction, whether a failure undoes only what was done here; it takes the other along otherwise.
    """
    with transaction.atomic(savepoint=savepoint):
        made = Record({room.pk: room for room in lookups.locked_rooms(set(room_ids))})
        yield made
        if not made.entries:
            return
        made.save()
        envelopes = made.envelopes()
        transaction.on_commit(lambda: relay().publish(envelopes))


def tell(user_id: int, frame: dict[str, Any]) -> None:
    """Say something to every device of one person when the transaction commits. Not numbered, best effort."""
    envelope = Envelope("personal", user=user_id, text=protocol.encode(frame))
    transaction.on_commit(lambda: relay().publish([envelope]))


def rights_changed(user_id: int) -> None:
    """Have every process look again at whether this person's sockets may stay, when the transaction commits."""
    transaction.on_commit(lambda: relay().publish([Envelope("rights", user=user_id)]))


def on_rights_changed(*, user_id: int, **kwargs: Any) -> None:
    rights_changed(user_id)


def on_session_ended(*, session_key: str, **kwargs: Any) -> None:
    """Close the sockets of a session. Only its hash travels."""
    envelope = Envelope("session", text=hash_secret(session_key))
    transaction.on_commit(lambda: relay().publish([envelope]))


def epoch() -> uuid.UUID:
    """Which life of the log this is. A copy of PostgreSQL that takes over begins another: it may lack some events."""
    # By hand, as in ``lookups``: every hello asks.
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM klatch_epoch WHERE id = (SELECT MAX(id) FROM klatch_epoch)")
        found = cursor.fetchone()
    value = uuid.UUID(str(found[0])) if found is not None else Epoch.objects.get_or_create(pk=1)[0].value
    timeline = _timeline()
    return uuid.uuid5(value, timeline) if timeline > FIRST_TIMELINE else value


def _timeline() -> str:
    """PostgreSQL counts how often a copy took over, and names its log files so. Elsewhere there is but one."""
    global _has_timelines
    if connection.vendor != "postgresql" or not _has_timelines:
        return FIRST_TIMELINE
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")
            return str(cursor.fetchone()[0])
    except (NotSupportedError, ProgrammingError):
        # A hosted one that has no such files, or shows them to nobody: it does not lose what it has confirmed.
        _has_timelines = False
        return FIRST_TIMELINE


_has_timelines = True
