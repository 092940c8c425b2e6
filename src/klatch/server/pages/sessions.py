"""Logging out elsewhere: on one device, or on all others. The list of them is on the account page."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from klatch.server import sessions


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    if not sessions.end(request, pk):
        raise Http404
    messages.success(request, _("That device is logged out."))
    return redirect("server:account")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    sessions.end_others(request)
    messages.success(request, _("You are logged out on all other devices."))
    return redirect("server:account")
