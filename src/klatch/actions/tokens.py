"""API tokens: programs that act as a person. The secret is shown once; only its hash is kept."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from klatch import log, lookups, text
from klatch.errors import Invalid, LimitReached, NotFound
from klatch.models import Token
from klatch.models.invite import hash_secret
from klatch.signals import administered

TOKENS_A_PERSON = 50


def create_token(user: Any, name: str, scope: str = Token.Scope.WRITE) -> tuple[Token, str]:
    """A new token of this person; with the scope ``read`` it may change nothing. Returns the row and the secret.

    Raises ``Invalid``, ``LimitReached``.
    """
    name = " ".join(text.clean(name).split())
    if not 1 <= len(name) <= 80:
        raise Invalid("A token needs a name of 1 to 80 characters.", fields={"name": "length"})
    if scope not in Token.Scope.values:
        raise Invalid("The scope of a token is read or write.", fields={"scope": "unknown"})
    if Token.objects.filter(user_id=user.pk, revoked_at=None).count() >= TOKENS_A_PERSON:
        raise LimitReached("Revoke a token first: there are too many.")
    secret = f"klatch_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        row = Token.objects.create(user=user, name=name, scope=scope, hash=hash_secret(secret), hint=secret[7:11])
        administered.send(sender=None, act="token.made", actor=user, user=user, words=name, number=row.pk)
    return row, secret


def revoke_token(user: Any, token_id: int) -> None:
    """End one of one's own tokens; sockets opened with it close at once. Raises ``NotFound``."""
    if not _revoke(user, by=user, pk=token_id):
        raise NotFound


def revoke_all(user: Any, *, by: Any) -> int:
    """End every token of a person; returns how many there were."""
    return _revoke(user, by=by)


def _revoke(user: Any, *, by: Any, **which: int) -> int:
    with transaction.atomic():
        rows = list(Token.objects.select_for_update().filter(user_id=user.pk, revoked_at=None, **which))
        for row in rows:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            administered.send(sender=None, act="token.revoked", actor=by, user=user, words=row.name, number=row.pk)
        if rows:
            log.rights_changed(user.pk)
    return len(rows)


def user_of_token(secret: str) -> tuple[Any, Token] | None:
    """Who acts with this token, or None."""
    return users_of_tokens([secret]).get(secret)


def users_of_tokens(secrets: Iterable[str]) -> dict[str, tuple[Any, Token]]:
    """Who acts with these tokens. The look-up is by hash, so its time tells nothing about a secret."""
    named = {hash_secret(secret): secret for secret in secrets}
    return {named[row.hash]: (row.user, row) for row in lookups.tokens(named) if row.user.is_active}
