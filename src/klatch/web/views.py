"""One page for every address of the chat, and the catalog of its words. Opening an address changes nothing."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog


# Synchronous on purpose: session, user and the project's context processors run in one hop to one thread.
@require_safe
@login_required
def chat(request: HttpRequest, slug: str = "", position: int | None = None) -> HttpResponse:
    """The shell. Whether the room exists and is yours is asked over the socket, so that the two look the same here."""
    asked = {
        "klatch_reader": request.user,
        "klatch_slug": slug,
        "klatch_position": position,
        "klatch_inside": bool(slug),
    }
    response = render(request, "klatch/chat.html", asked)
    response["Cache-Control"] = "private, no-cache"
    return response


_catalog = JavaScriptCatalog.as_view(domain="djangojs", packages=["klatch"])


@require_safe
@login_not_required
def i18n(request: HttpRequest) -> HttpResponseBase:
    """The words of the client. An address that names language and version always means the same words: it may be kept.

    The language is the address's, not the reader's: a cache must never give one for another after a change of language.
    """
    language = request.GET.get("l", "")
    named = language in dict(settings.LANGUAGES)
    with translation.override(language if named else translation.get_language()):
        response: HttpResponseBase = _catalog(request)
        response["Content-Language"] = translation.get_language()
    keep = named and request.GET.get("v")
    response["Cache-Control"] = "private, max-age=86400" if keep else "private, no-cache"
    return response
