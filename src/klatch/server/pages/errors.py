"""The pages of failure, in the family's look, and the icon. They must not fail themselves: no query, no session."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static


def icon(request: HttpRequest) -> HttpResponse:
    """What browsers ask for on pages that name no icon, the admin's."""
    return redirect(static("klatch/icon.svg"))


def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "klatch/error_403_csrf.html", status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "klatch/error_403.html", status=403)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "klatch/error_404.html", status=404)


def too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "klatch_server/error_429.html", status=429)


def broken(request: HttpRequest) -> HttpResponse:
    # Without the request's context processors: one of them may be what broke.
    from django.template.loader import render_to_string

    return HttpResponse(render_to_string("klatch/error_500.html"), status=500)
