"""Whose attempts to log in are counted together, so that guessing is slow and no stranger locks anybody out.

A browser in which somebody has logged in before has a signed cookie that says so, and attempts of its own: whoever
guesses from elsewhere uses up another allowance. The cookie lets nobody in.
"""

import secrets
from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

COOKIE = "klatch_known"
A_YEAR = 365 * 24 * 60 * 60


def account_key(login: str) -> str:
    """One for each account, by whichever of its names it is tried."""
    return _key(_account(login), login)


def whose(request: HttpRequest, login: str) -> tuple[str, str]:
    """The limit and the key under which this attempt counts."""
    account = _account(login)
    known, mark = _known(request)
    if account is not None and known == account:
        return "login_known", f"{account}:{mark}"
    return "login_failed", _key(account, login)


def remember(request: HttpRequest, response: HttpResponse, user: Any) -> None:
    """This browser is known from now on."""
    if _known(request)[0] != user.pk:
        response.set_cookie(
            COOKIE,
            signing.dumps([user.pk, secrets.token_urlsafe(9)], salt=COOKIE),
            max_age=A_YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def forgive(request: HttpRequest, user: User) -> None:
    """After a new password the old guesses do not count."""
    ratelimit.clear(request, action="login_failed", key=account_key(user.username))


def _account(login: str) -> int | None:
    found = User.objects.filter(Q(username__iexact=login) | Q(email__iexact=login))
    return found.order_by("pk").values_list("pk", flat=True).first()


def _key(account: int | None, login: str) -> str:
    # Names that nobody has run out as well, or the difference would tell which ones somebody has.
    return f"account:{account}" if account is not None else f"nobody:{login.casefold()}"


def _known(request: HttpRequest) -> tuple[int | None, str]:
    try:
        account, mark = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=A_YEAR)
    except (signing.BadSignature, ValueError, TypeError):
        return None, ""
    return account, mark
