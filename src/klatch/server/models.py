"""The server's own tables: the place itself, what was done in running it, how often somebody tried to come in.

Everything about rooms and messages lives in Klatch's own tables.
"""

from django.conf import settings
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


class Act(models.Model):
    """An administrative act, kept for the owners. Written once, never changed; no secret and no message's words in it.

    What moderators do in rooms is not here: the event log has it.
    """

    class Kind(models.TextChoices):
        SET_UP = "set-up", _("Place set up")
        RENAMED = "place.renamed", _("Place renamed")
        SIGN_UP_OPENED = "place.opened", _("Everybody may make an account now")
        SIGN_UP_CLOSED = "place.closed", _("Only people with an invite link may make an account now")
        ACCOUNT_MADE = "account.made", _("Account made")
        ACCOUNT_CLOSED = "account.closed", _("Account deactivated")
        ACCOUNT_OPENED = "account.opened", _("Account let back in")
        ACCOUNT_DELETED = "account.deleted", _("Account deleted")
        PROMOTED = "account.promoted", _("Made an owner of the place")
        DEMOTED = "account.demoted", _("No owner of the place any more")
        RIGHTS_CHANGED = "account.rights", _("Rights in the administration changed")
        PASSWORD_LINK = "password.link", _("Password link made")
        PASSWORD_SET = "password.set", _("New password set")
        INVITE_MADE = "invite.made", _("Invite link made")
        INVITE_REVOKED = "invite.revoked", _("Invite link revoked")
        TOKEN_MADE = "token.made", _("API token made")
        TOKEN_REVOKED = "token.revoked", _("API token revoked")
        SESSIONS_ENDED = "session.ended", _("Device logged out")
        BACKUP = "backup", _("Backup made")
        RESTORE = "restore", _("Backup restored")

    at = models.DateTimeField(_("time"), default=timezone.now)
    kind = models.CharField(_("act"), max_length=20, choices=Kind)
    # Nobody: the command line, or somebody whose account was deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by whom")
    )
    command_line = models.BooleanField(_("command line"), default=False)
    address = models.CharField(_("address"), max_length=45, blank=True)
    # Whom it is about; the name of what it is about, as it was then; and its number.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("about whom")
    )
    words = models.CharField(_("about what"), max_length=200, blank=True)
    number = models.BigIntegerField(_("number"), null=True)

    class Meta:
        verbose_name = _("administrative act")
        verbose_name_plural = _("administrative acts")
        indexes = [models.Index(fields=["-at", "-id"], name="klatch_server_acts")]

    def __str__(self) -> str:
        return f"{self.kind} {self.words}".strip()


class Counter(models.Model):
    """What ``counters`` keeps: when somebody tried to log in, for some minutes. The key says from where, or as whom."""

    key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    until = models.FloatField(db_index=True)  # seconds since 1970

    def __str__(self) -> str:
        return self.key
