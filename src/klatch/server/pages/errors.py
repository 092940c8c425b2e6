"""The pages of failure, in the family's look. They must not fail themselves: no query, no session."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def stale(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "klatch/error_403_csrf.html", status=403)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "klatch/error_403.html", status=403)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "klatch/error_404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    # Without the request's context processors: one of them may be what broke.
    from django.template.loader import render_to_string

    return HttpResponse(render_to_string("klatch/error_500.html"), status=500)
