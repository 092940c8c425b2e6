"""Keeps administrative acts. ``record`` is the only writer of ``Act``; reading them is ``pages.audit``'s."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from allauth.core import context
from django.http import HttpRequest

from klatch import signals
from klatch.server.models import Act

_command_line = ContextVar("klatch_command_line", default=False)


def record(kind: str, actor: Any, *, user: Any = None, words: str = "", number: int | None = None) -> None:
    """Call it inside the transaction that does what it tells. ``words`` may hold no secret."""
    request: HttpRequest | None = context.request
    by_hand = _command_line.get()
    Act.objects.create(
        kind=kind,
        actor=None if by_hand else actor,
        command_line=by_hand,
        address=str(request.META.get("REMOTE_ADDR") or "")[:45] if request is not None else "",
        user=user,
        words=words[:200],
        number=number,
    )


@contextmanager
def at_command_line() -> Iterator[None]:
    """Acts inside are nobody's: whoever sits at the machine may do everything, and does not say who they are."""
    token = _command_line.set(True)
    try:
        yield
    finally:
        _command_line.reset(token)


def connect() -> None:
    signals.administered.connect(_administered, dispatch_uid="klatch.server.audit")


def _administered(sender: Any, *, act: str, actor: Any, **about: Any) -> None:
    record(Act.Kind(act), actor, user=about.get("user"), words=about.get("words", ""), number=about.get("number"))
