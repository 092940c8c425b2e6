"""The place itself: one row. Everything about rooms and messages lives in Klatch's own tables."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Workspace(models.Model):
    """Made once, with the first owner. Its fixed key makes a second founding fail in the database."""

    class SignUp(models.TextChoices):
        INVITE = "invite", _("Only people with an invite link")
        OPEN = "open", _("Everybody who finds this address")

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    name = models.CharField(_("Name of the place"), max_length=80)
    signup = models.CharField(_("Who may make an account"), max_length=6, choices=SignUp, default=SignUp.INVITE)
    set_up_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="klatch_one_workspace")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Workspace | None":
        """The place, or None before it is set up."""
        return cls.objects.filter(pk=cls.ONLY).first()
