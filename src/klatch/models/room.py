"""A room: a place with members, an event counter and a message counter."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Room(models.Model):
    """``seq`` is the number of the room's last event, ``count`` how many messages were ever posted.

    Both only change under the row's lock, in the transaction that writes what they count.
    """

    class Kind(models.TextChoices):
        OPEN = "open", _("open")
        PRIVATE = "private", _("private")
        DIRECT = "direct", _("direct")

    slug = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=500, blank=True)
    kind = models.CharField(max_length=8, choices=Kind)
    # Who talks in a direct room: the sorted ids, hashed. One room for each set of people.
    direct_key = models.CharField(max_length=64, unique=True, null=True, editable=False)
    everybody = models.BooleanField(default=False, help_text=_("Every new account joins this room."))
    seq = models.BigIntegerField(default=0, editable=False)
    count = models.BigIntegerField(default=0, editable=False)
    members = models.IntegerField(default=0, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    active_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        indexes = [models.Index(fields=["kind", "-active_at", "-id"], name="klatch_directory")]

    def __str__(self) -> str:
        return self.name or self.slug

    @property
    def archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_direct(self) -> bool:
        return self.kind == self.Kind.DIRECT
