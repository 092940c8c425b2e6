"""How far somebody has read: one position for each membership, the same on all their devices."""

from typing import Any

from django.db import transaction
from django.db.models import F

from klatch import log, queries
from klatch.models import Membership


def read(user: Any, room_id: int, position: int) -> int:
    """Everything up to ``position`` is read; never moves back. Returns the position. Raises ``NotFound``."""
    with transaction.atomic():
        mine = queries.membership(user, room_id)
        position = min(position, mine.room.count)
        if Membership.objects.filter(pk=mine.pk, read__lt=position).update(read=position):
            log.tell(user.pk, {"type": "read", "room": room_id, "position": position})
            return position
        return max(mine.read, position)


def unread(user: Any, room_id: int, position: int) -> int:
    """The message at ``position`` and all after it are unread again; what was unread before stays so.

    Returns the position. Raises ``NotFound``.
    """
    with transaction.atomic():
        mine = queries.membership(user, room_id)
        position = max(0, position - 1)
        if Membership.objects.filter(pk=mine.pk, read__gt=position).update(read=position):
            log.tell(user.pk, {"type": "read", "room": room_id, "position": position})
            return position
        return min(mine.read, position)


def read_all(user: Any) -> None:
    """Everything in every room is read."""
    with transaction.atomic():
        behind = Membership.objects.filter(user_id=user.pk, read__lt=F("room__count")).select_related("room")
        # By id, as posting does: two processes that lock rows in different orders would wait for each other.
        for mine in behind.order_by("pk"):
            Membership.objects.filter(pk=mine.pk, read__lt=mine.room.count).update(read=mine.room.count)
            log.tell(user.pk, {"type": "read", "room": mine.room_id, "position": mine.room.count})
