"""A message and the reactions to it. A deleted message keeps its row, never its text."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klatch.models.room import Room


class Message(models.Model):
    """``(author, client_id)`` is unique for the life of the database: one send is one message.

    ``seq`` is the number of the event that posted it, ``rev`` of the last event that changed it.
    """

    # No index of their own: those of the constraints below begin with them.
    room = models.ForeignKey(Room, models.CASCADE, related_name="messages", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="klatch_messages", db_index=False
    )
    client_id = models.UUIDField()
    position = models.BigIntegerField()
    seq = models.BigIntegerField()
    rev = models.BigIntegerField()
    body = models.TextField(blank=True)
    html = models.TextField(blank=True)
    renderer = models.SmallIntegerField(default=0)
    reply_to = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["author", "client_id"], name="klatch_one_send_one_message"),
            models.UniqueConstraint(fields=["room", "position"], name="klatch_one_position"),
        ]
        # With the rest in it, SQLite would read the whole table where hardly any is a reply: one value in every row.
        indexes = [models.Index(fields=["reply_to"], name="klatch_replies", condition=models.Q(reply_to__isnull=False))]

    def __str__(self) -> str:
        return f"{self.room_id}/{self.position}"

    @property
    def deleted(self) -> bool:
        return self.deleted_at is not None


class Reaction(models.Model):
    # No index of its own: the constraint's begins with it.
    message = models.ForeignKey(Message, models.CASCADE, related_name="reactions", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=32)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="klatch_one_reaction")]

    def __str__(self) -> str:
        return f"{self.emoji} {self.message_id}"
