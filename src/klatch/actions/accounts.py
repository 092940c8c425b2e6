"""Closing an account to its owner, and opening it again."""

from typing import Any

from django.db import transaction

from klatch.adapter import adapter
from klatch.errors import Forbidden
from klatch.signals import administered


def deactivate(actor: Any, user: Any) -> None:
    """``user`` can no longer log in, and their open sockets close. What they wrote stays. Raises ``Forbidden``."""
    _set_active(actor, user, False)


def reactivate(actor: Any, user: Any) -> None:
    """Raises ``Forbidden``."""
    _set_active(actor, user, True)


def _set_active(actor: Any, user: Any, active: bool) -> None:
    _check(actor, user)
    if user.is_active == active:
        return
    user.is_active = active
    with transaction.atomic():
        # The signal of the host's user model brings the news to the sockets.
        user.save(update_fields=["is_active"])
        administered.send(sender=None, act="account.opened" if active else "account.closed", actor=actor, user=user)


def _check(actor: Any, user: Any) -> None:
    if not adapter().may_moderate_everything(actor):
        raise Forbidden("Only an owner of this place can do that.")
    if actor.pk == user.pk:
        raise Forbidden("Ask another owner to do that to you.")
