"""Closing an account to its owner, and opening it again."""

from typing import Any

from klatch.adapter import adapter
from klatch.errors import Forbidden


def deactivate(actor: Any, user: Any) -> None:
    """``user`` can no longer log in, and their open sockets close. What they wrote stays. Raises ``Forbidden``."""
    _check(actor, user)
    user.is_active = False
    # The signal of the host's user model brings the news to the sockets.
    user.save(update_fields=["is_active"])


def reactivate(actor: Any, user: Any) -> None:
    """Raises ``Forbidden``."""
    _check(actor, user)
    user.is_active = True
    user.save(update_fields=["is_active"])


def _check(actor: Any, user: Any) -> None:
    if not adapter().may_moderate_everything(actor):
        raise Forbidden("Only an owner of this place can do that.")
    if actor.pk == user.pk:
        raise Forbidden("Ask another owner to do that to you.")
