"""One page for every address of the chat, and the catalog of its words. Opening an address changes nothing."""

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog


# Synchronous on purpose: session, user and the project's context processors run in one hop to one thread.
@require_safe
@login_required
def chat(request: HttpRequest, slug: str = "", position: int | None = None) -> HttpResponse:
    """The shell. Whether the room exists and is yours is asked over the socket, so that the two look the same here."""
    asked = {"klatch_reader": request.user, "klatch_slug": slug, "klatch_position": position}
    response = render(request, "klatch/chat.html", asked)
    response["Cache-Control"] = "private, no-cache"
    return response


_catalog = JavaScriptCatalog.as_view(domain="djangojs", packages=["klatch"])


@require_safe
@login_not_required
def i18n(request: HttpRequest) -> HttpResponseBase:
    """The words of the client in the reader's language. The address names language and version, so it may be kept."""
    response: HttpResponseBase = _catalog(request)
    response["Cache-Control"] = "private, max-age=86400" if request.GET.get("v") else "private, no-cache"
    return response
