"""What every template knows: the name of the place and where its pages are."""

import time
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.functional import SimpleLazyObject

from klatch.server.models import Workspace

NAME_SECONDS = 5.0  # how long other processes may show an old name of the place

_name: tuple[str, float] | None = None  # and since when it is known


def place(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Lazy, so that a page that shows no name asks no database."""
    return {
        "klatch_place": SimpleLazyObject(_place_name),
        "klatch_open": SimpleLazyObject(_open),
        "klatch_links": SimpleLazyObject(partial(_links_of, request)),
        "klatch_sends_mail": settings.KLATCH_SENDS_MAIL,
    }


def _place_name() -> str:
    global _name
    if _name is None or time.monotonic() - _name[1] > NAME_SECONDS:
        since, workspace = time.monotonic(), Workspace.current()
        _name = (workspace.name if workspace else "Klatch"), since
    return _name[0]


@receiver(post_save, sender=Workspace, dispatch_uid="klatch.server.context")
def _renamed(**kwargs: Any) -> None:
    transaction.on_commit(_forget_name)


def _forget_name() -> None:
    global _name
    _name = None


def _open() -> bool:
    workspace = Workspace.current()
    return workspace is not None and workspace.signup == Workspace.SignUp.OPEN


def _links_of(request: HttpRequest) -> dict[str, str]:
    user = getattr(request, "user", None)
    return _links(get_script_prefix(), bool(user and user.is_superuser), bool(user and user.is_staff))


@lru_cache(maxsize=8)
def _links(prefix: str, owner: bool, staff: bool) -> dict[str, str]:
    links = {
        "login": reverse("account_login"),
        "logout": reverse("account_logout"),
        "account": reverse("server:account"),
        "invite": reverse("server:invite"),
    }
    if owner:
        links["people"] = reverse("server:people")
        links["audit"] = reverse("server:audit")
    if staff:
        links["admin"] = reverse("admin:index")
    return links
