"""The devices on which a person is logged in: which there are, when each was last seen, and ending them.

The rows are allauth's, one beside each of Django's sessions; this module decides when they are written.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from klatch import signals
from klatch.server import audit
from klatch.server.models import Act

logger = logging.getLogger("klatch.server")

SEEN_EVERY = 600.0  # seconds; a device that is used writes its row so often and not more
REMEMBERED = 50_000

# The first that matches; browsers name their ancestors as well, so the order is all.
BROWSERS = {
    r"Edg(e|A|iOS)?/": "Edge", r"OPR/|Opera": "Opera", r"SamsungBrowser/": "Samsung Internet", r"Vivaldi/": "Vivaldi",
    r"Firefox/|FxiOS/": "Firefox", r"Chrom(e|ium)/|CriOS/": "Chrome", r"Version/.* Safari/": "Safari",
}  # fmt: skip
SYSTEMS = {
    r"iPhone|iPod": "iPhone", r"iPad": "iPad", r"Android": "Android", r"Windows": "Windows",
    r"Macintosh|Mac OS X": "macOS", r"CrOS": "ChromeOS", r"Linux|X11": "Linux",
}  # fmt: skip

_seen: dict[str, float] = {}  # a session, with where it was used → when this process last wrote that


@dataclass(frozen=True)
class Device:
    """A session, in words for its owner."""

    id: int
    words: str
    address: str
    begun: datetime
    seen: datetime
    here: bool

    @property
    def active(self) -> bool:
        """As far as is known: rows are not written more often."""
        return self.here or timezone.now() - self.seen < timedelta(seconds=2 * SEEN_EVERY)


def words(agent: str) -> str:
    """What a browser says of itself, as people call it. It may lie."""
    browser = next((name for pattern, name in BROWSERS.items() if re.search(pattern, agent)), "")
    system = next((name for pattern, name in SYSTEMS.items() if re.search(pattern, agent)), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def devices(request: HttpRequest) -> list[Device]:
    """Where the person who asks is logged in, this device first, then the one seen last."""
    rows = UserSession.objects.purge_and_list(request.user)
    here = request.session.session_key
    found = [
        Device(row.pk, words(row.user_agent), row.ip, row.created_at, row.last_seen_at, here=row.session_key == here)
        for row in rows
    ]
    return sorted(found, key=lambda device: (device.here, device.seen), reverse=True)


def end(request: HttpRequest, pk: int) -> bool:
    """Log this person out on another device. False where they have no such device."""
    with transaction.atomic():
        ended = list(_others(request).filter(pk=pk))
        _end(request, ended)
    return bool(ended)


def end_others(request: HttpRequest) -> None:
    """Log this person out everywhere but here."""
    with transaction.atomic():
        _end(request, list(_others(request)))


def _others(request: HttpRequest) -> QuerySet[Any]:
    found: QuerySet[Any] = UserSession.objects.filter(user=request.user)
    return found.exclude(session_key=request.session.session_key)


def _end(request: HttpRequest, rows: list[Any]) -> None:
    for row in rows:
        row.end()
        # When this commits, every process closes its sockets.
        signals.session_ended.send(sender=None, session_key=row.session_key)
        audit.record(Act.Kind.SESSIONS_ENDED, request.user, user=request.user, words=words(row.user_agent))


def forget_ended() -> None:
    """Rows whose session is over go when their owner logs in or looks; this takes those of who never comes back."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def note(request: HttpRequest) -> None:
    """Write where and when the session of this request was used. No page fails because this cannot be written."""
    try:
        if request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
    except DatabaseError:
        logger.warning("That a session was used could not be written", exc_info=True)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Notes who is here, a few times an hour; for every other request it looks into a dictionary."""

    def noted(request: HttpRequest) -> HttpResponse:
        if _due(_use(request)):
            note(request)
        return get_response(request)

    return noted


def connect() -> None:
    signals.sessions_used.connect(_used, dispatch_uid="klatch.server.sessions")


def _used(sender: Any, *, keys: Iterable[str], **kwargs: Any) -> None:
    """These hold open sockets: somebody who reads all day asks for no page."""
    due = [key for key in keys if _due(key)]
    if due:
        UserSession.objects.filter(session_key__in=due).update(last_seen_at=timezone.now())


def _use(request: HttpRequest) -> str:
    """A session and where it is used, so that one that turns up elsewhere is written at once; nothing without one."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    agent = request.META.get("HTTP_USER_AGENT", "")[:200]
    return f"{key} {request.META.get('REMOTE_ADDR')} {agent}" if key else ""


def _due(use: str) -> bool:
    """Whether this is to be written now; asked once, it is not for a while."""
    now = time.monotonic()
    if not use or now - _seen.get(use, -SEEN_EVERY) < SEEN_EVERY:
        return False
    if len(_seen) >= REMEMBERED:
        _seen.clear()
    _seen[use] = now
    return True
