"""A link that lets its bearer into a room. Only a hash of the secret is kept."""

import hashlib

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from klatch.models.room import Room


def hash_secret(secret: str) -> str:
    """The stored form of a random secret of at least 128 bits (no salt needed at that strength)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Invite(models.Model):
    room = models.ForeignKey(Room, models.CASCADE, related_name="invites")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField(default=0, help_text=_("0: no limit"))
    uses = models.PositiveIntegerField(default=0, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invite")
        verbose_name_plural = _("invites")

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def usable(self) -> bool:
        """Whether it can be redeemed once more, as far as the row itself can tell."""
        spent = bool(self.max_uses) and self.uses >= self.max_uses
        return self.revoked_at is None and not spent and self.expires_at > timezone.now()
