"""Who belongs to a room, how far they have read, and who may not come back by themselves."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klatch.models.room import Room


class Membership(models.Model):
    """One read position for each person and room; unread = ``room.count - read``."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MODERATOR = "moderator", _("moderator")
        MEMBER = "member", _("member")

    room = models.ForeignKey(Room, models.CASCADE, related_name="memberships", db_index=False)  # (room, user) will do
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="klatch_memberships")
    role = models.CharField(max_length=9, choices=Role, default=Role.MEMBER)
    read = models.BigIntegerField(default=0)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="klatch_one_membership")]
        # A page of members, in the order in which they joined.
        indexes = [models.Index(fields=["room", "id"], name="klatch_members")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"


class Ban(models.Model):
    """A removed person cannot join again by themselves; an invitation by a moderator lifts it."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="bans", db_index=False)  # (room, user) will do
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("ban")
        verbose_name_plural = _("bans")
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="klatch_one_ban")]

    def __str__(self) -> str:
        return f"{self.user_id} not in {self.room_id}"
