"""What every template knows: the name of the place and where its pages are."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from klatch.server.models import Workspace


def place(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Lazy, so that a page that shows no name asks no database."""
    workspace = SimpleLazyObject(Workspace.current)
    return {
        "klatch_place": SimpleLazyObject(lambda: workspace.name if workspace else "Klatch"),
        "klatch_open": SimpleLazyObject(lambda: bool(workspace) and workspace.signup == Workspace.SignUp.OPEN),
        "klatch_links": SimpleLazyObject(lambda: _links(request)),
        "klatch_sends_mail": settings.KLATCH_SENDS_MAIL,
    }


def _links(request: HttpRequest) -> dict[str, str]:
    links = {
        "login": reverse("account_login"),
        "logout": reverse("account_logout"),
        "account": reverse("server:account"),
        "invite": reverse("server:invite"),
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_superuser:
        links["people"] = reverse("server:people")
        links["audit"] = reverse("server:audit")
    if user is not None and user.is_staff:
        links["admin"] = reverse("admin:index")
    return links
