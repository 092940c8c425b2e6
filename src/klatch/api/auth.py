"""Who asks: an API token, or the session's user with a CSRF token for whatever writes."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from ninja.utils import check_csrf

from klatch.actions.tokens import user_of_token
from klatch.api.run import in_thread
from klatch.errors import Forbidden, Unauthenticated
from klatch.realtime.login import Login


async def log_in(request: HttpRequest) -> Login:
    """Who is behind a request. Raises ``Unauthenticated``; ``Forbidden`` for a missing CSRF token."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        found = await in_thread(user_of_token, secret.strip())
        if found is None:
            raise Unauthenticated
        return Login(found[0], token=found[1].pk, may_write=found[1].may_write)
    user = await sync_to_async(_user)(request)
    if not user.is_authenticated or not user.is_active:
        raise Unauthenticated
    if request.method not in ("GET", "HEAD") and check_csrf(request) is not None:
        raise Forbidden("The CSRF token is missing or wrong. Reload the page.")
    return Login(user)


def _user(request: HttpRequest) -> Any:
    """Session and user in one visit to the thread; Django's own ``auser`` makes one for each."""
    _ = request.user.is_active  # looked up now
    return request.user
