"""Who opens a socket, and whether they may still hold it. The own Origin check. One database visit each."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django.utils.module_loading import import_string

from klatch import lookups
from klatch.actions.tokens import users_of_tokens
from klatch.conf import conf
from klatch.errors import BadOrigin
from klatch.models import Token
from klatch.realtime.connection import Connection
from klatch.signals import sessions_used

logger = logging.getLogger("klatch.socket")

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Login:
    """A session (``auth_hash`` is its proof of the password), or the id of a ``token`` and what its scope allows.

    ``rooms`` are the person's at that moment: what to listen to until a hello is answered, never a right.
    """

    user: Any
    session_key: str = ""
    auth_hash: str = ""
    token: int = 0
    may_write: bool = True
    rooms: frozenset[int] = frozenset()


def headers(scope: dict[str, Any]) -> dict[str, str]:
    """Of a handshake; a header given twice counts once, as the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def bearer(given: dict[str, str]) -> str | None:
    kind, _, secret = given.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def check_origin(scope: dict[str, Any], given: dict[str, str]) -> None:
    """A page of another site may not open a socket with a visitor's cookie: scheme, host and port must all be ours.

    Without a cookie (API token) a missing Origin is fine, a foreign one is not. Raises ``BadOrigin``.
    """
    origin = given.get("origin")
    if origin is None:
        if bearer(given) is None:
            raise BadOrigin
        return
    found = _place(origin)
    if found is None:
        raise BadOrigin
    allowed = {_place(known) for known in conf().origins}
    if not conf().origins:
        allowed.add(_place(_here(scope, given)))
    if found not in allowed:
        raise BadOrigin


def note_refused(scope: dict[str, Any], given: dict[str, str]) -> None:
    """Say so in the log, once for each pair: the browser is not told, and a proxy that hides https looks like this."""
    if "origin" in given:
        _warn(given["origin"], ", ".join(conf().origins) or _here(scope, given))


@lru_cache(maxsize=100)
def _warn(origin: str, here: str) -> None:
    logger.warning(
        "A page of %.200s may not open a socket: this server takes itself for %.200s. If that is its address behind a "
        "proxy, name it: KLATCH_URL of the server, KLATCH['ORIGINS'] of a project.",
        ascii(origin),
        ascii(here),
    )


def _here(scope: dict[str, Any], given: dict[str, str]) -> str:
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return f"{scheme}://{given.get('host', '')}"


def _place(origin: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path or parts.query or parts.username:
        return None
    return parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme]


def log_in(handshakes: Sequence[dict[str, str]]) -> list[Login | None]:
    """Who these handshakes' tokens or session cookies belong to; None for nobody. Visits the database."""
    secrets = [bearer(given) for given in handshakes]
    tokens = users_of_tokens({secret for secret in secrets if secret is not None}) if any(secrets) else {}
    found = [
        _of_token(tokens.get(secret)) if secret is not None else _of_session(given)
        for secret, given in zip(secrets, handshakes, strict=True)
    ]
    rooms = lookups.rooms_of({who.user.pk for who in found if who is not None})
    return [who and replace(who, rooms=frozenset(rooms[who.user.pk])) for who in found]


def _of_token(found: tuple[Any, Token] | None) -> Login | None:
    return Login(found[0], token=found[1].pk, may_write=found[1].may_write) if found is not None else None


def _of_session(given: dict[str, str]) -> Login | None:
    try:
        cookie = SimpleCookie(given.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        cookie = None
    if cookie is None or not cookie.value:
        return None
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    user = get_user(SimpleNamespace(session=store(cookie.value)))  # type: ignore[arg-type]
    if not user.is_authenticated or not user.is_active:
        return None
    return Login(user, session_key=cookie.value, auth_hash=_auth_hash(user))


def ended(connections: Sequence[Connection], sessions: dict[str, str]) -> list[Connection]:
    """Those of these connections whose person, password, session or token is no longer what it was.

    ``sessions`` maps the hash that a connection keeps to the session's key. Visits the database.
    """
    model = get_user_model()
    people = {
        person.pk: person
        for person in model._default_manager.filter(pk__in={connection.user for connection in connections})
    }
    tokens = {connection.token for connection in connections if connection.token}
    live_tokens = set(Token.objects.filter(pk__in=tokens, revoked_at=None).values_list("pk", flat=True))
    keys = {connection.session: sessions.get(connection.session, "") for connection in connections}
    live_sessions = _live(set(keys.values()) - {""})

    def holds(connection: Connection) -> bool:
        person = people.get(connection.user)
        if person is None or not person.is_active:
            return False
        if connection.token:
            return connection.token in live_tokens
        return connection.auth_hash == _auth_hash(person) and keys[connection.session] in live_sessions

    over = [connection for connection in connections if not holds(connection)]
    if live_sessions:
        sessions_used.send_robust(sender=None, keys=sorted(live_sessions))
    return over


def _live(keys: set[str]) -> set[str]:
    """Those of these sessions that exist and have not expired."""
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    if issubclass(store, SessionStore):
        # One query for everybody: ten thousand people are looked at every few seconds.
        rows = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        return set(rows.values_list("session_key", flat=True))
    return {key for key in keys if store(key).load()}


def _auth_hash(user: Any) -> str:
    get = getattr(user, "get_session_auth_hash", None)
    return get() if get is not None else ""
