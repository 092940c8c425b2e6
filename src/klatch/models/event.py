"""The event log: what happened in a room, numbered without holes; and the epoch of the whole log.

A row holds no text: frames are rebuilt from current rows, so that deleted text never comes back.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klatch.models.message import Message
from klatch.models.room import Room

# What may be somebody's deed upon others or upon a room.
MODERATED = ("member.changed", "member.left", "message.deleted", "room.changed")
# The same in SQL, as constants and as the index has it, or the database cannot see that the index is enough.
_KINDS = ", ".join(f"'{kind}'" for kind in MODERATED)
IS_MODERATED = f"NOT klatch_event.kind = 'message.posted' AND klatch_event.kind IN ({_KINDS})"


class Event(models.Model):
    class Kind(models.TextChoices):
        MESSAGE_POSTED = "message.posted"
        MESSAGE_EDITED = "message.edited"
        MESSAGE_DELETED = "message.deleted"
        REACTION_ADDED = "reaction.added"
        REACTION_REMOVED = "reaction.removed"
        MEMBER_JOINED = "member.joined"
        MEMBER_LEFT = "member.left"
        MEMBER_CHANGED = "member.changed"
        ROOM_CHANGED = "room.changed"

    room = models.ForeignKey(Room, models.CASCADE, related_name="events", db_index=False)  # (room, seq) will do
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # Whom a member event is about.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="klatch_no_hole")]
        indexes = [
            # Every post asks each whether it wants it: a list of kinds takes SQLite 2 µs, the first words here 0.2.
            # The grey lines of a page of history: whatever is not about a message.
            models.Index(fields=["room", "seq"], name="klatch_notices", condition=models.Q(message=None)),
            # Few rows of a long table: what was done in all rooms, by time.
            models.Index(
                fields=["-at", "-id"],
                name="klatch_moderated",
                condition=~models.Q(kind="message.posted") & models.Q(kind__in=MODERATED),
            ),
            # Where somebody who is deleted is looked for.
            models.Index(fields=["user"], name="klatch_concerned", condition=models.Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.room_id}#{self.seq} {self.kind}"


class Epoch(models.Model):
    """One row. A restored backup gets a new value, so that no client believes numbers from before."""

    value = models.UUIDField(default=uuid.uuid4)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("epoch")
        verbose_name_plural = _("epochs")

    def __str__(self) -> str:
        return str(self.value)
