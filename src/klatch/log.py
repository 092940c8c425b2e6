"""The event log: takes the next number under the room's lock, appends events, publishes them on commit.

The only caller of ``relay.publish`` for what has a number, and for what is told to one person.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from klatch import protocol, serialize
from klatch.models import Epoch, Event, Message, Room
from klatch.models.invite import hash_secret
from klatch.relay import Envelope, relay


class Record:
    """The events of one transaction. ``rooms`` holds the locked rooms that exist, by id."""

    def __init__(self, rooms: dict[int, Room]) -> None:
        self.rooms = rooms
        self.events: list[tuple[Event, serialize.Reactions]] = []

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
    ) -> Event:
        """Take the room's next number for an event. Written, with the room, when the record closes."""
        room.seq += 1
        event = Event(room=room, seq=room.seq, kind=kind, message=message, actor=actor, user=user, data=data or {})
        self.events.append((event, reactions))
        return event

    def envelopes(self) -> list[Envelope]:
        """Every event encoded, once, for everybody."""
        return [
            Envelope(
                event.kind,
                event.room_id,
                event.seq,
                event.user_id or 0,
                protocol.encode(serialize.event(event, reactions)),
            )
            for event, reactions in self.events
        ]


@contextmanager
def record(room_ids: Iterable[int]) -> Iterator[Record]:
    """One transaction over these rooms, locked in the order of their ids; its events are published when it commits.

    Inside, change what the events tell of. The rooms' counters and ``active_at`` are saved at the end.
    """
    with transaction.atomic():
        locked = Room.objects.select_for_update().filter(pk__in=set(room_ids)).order_by("pk")
        made = Record({room.pk: room for room in locked})
        yield made
        if not made.events:
            return
        # A message that was new when its event was made has its key only now.
        for event, _ in made.events:
            if event.message is not None:
                event.message = event.message
        Event.objects.bulk_create([event for event, _ in made.events])
        touched = {event.room_id for event, _ in made.events}
        fields = ["seq", "count", "members", "active_at"]
        if len(touched) == 1:
            made.rooms[touched.pop()].save(update_fields=fields)
        else:
            Room.objects.bulk_update([made.rooms[key] for key in sorted(touched)], fields)
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
    """Which life of the log this is."""
    value: uuid.UUID | None = Epoch.objects.values_list("value", flat=True).order_by("-pk").first()
    return value if value is not None else Epoch.objects.get_or_create(pk=1)[0].value
