"""The landing page of an invite link. Looking at it changes nothing; only a button redeems it."""

from allauth.account.internal.flows.signup import complete_signup
from allauth.core import ratelimit
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from klatch.actions import invites
from klatch.adapter import adapter
from klatch.errors import KlatchError
from klatch.models import Invite
from klatch.server.forms import SignUpForm


@sensitive_post_parameters("password1")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    try:
        invite = invites.find_invite(secret)
        if isinstance(request.user, AnonymousUser):
            response = _stranger(request, invite, secret)
        elif request.method == "POST":
            response = redirect("klatch:room", invites.redeem_invite(request.user, secret).slug)
        else:
            response = render(request, "klatch_server/join.html", _about(invite))
    except KlatchError:
        # Expired, revoked, used up, never made: whoever guesses must not learn which.
        response = render(request, "klatch_server/join_closed.html", status=404)
    # The secret in the address travels to no other site: the settings' policy is same-origin. A stricter one would
    # make browsers send the form with "Origin: null", which the CSRF check refuses.
    return response


def _about(invite: Invite) -> dict[str, object]:
    return {"room": invite.room, "host": adapter().name(invite.created_by)}


def _stranger(request: HttpRequest, invite: Invite, secret: str) -> HttpResponse:
    form = SignUpForm(request.POST or None)
    if request.method == "POST":
        limited: HttpResponse | None = ratelimit.consume_or_429(request, action="signup")
        if limited:
            return limited
        if form.is_valid():
            with transaction.atomic():
                # Both or neither: an invite that is used up meanwhile must not leave an account behind.
                user = form.save(request)
                room = invites.redeem_invite(user, secret)
            entered: HttpResponse = complete_signup(
                request, user=user, redirect_url=reverse("klatch:room", args=[room.slug])
            )
            return entered
    log_in = reverse("account_login") + "?" + urlencode({"next": request.path})
    return render(request, "klatch_server/join_signup.html", {**_about(invite), "form": form, "log_in": log_in})
