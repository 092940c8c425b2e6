"""One's own account: name, e-mail, language, API tokens, other devices. The password page is allauth's."""

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from klatch.actions import tokens
from klatch.errors import KlatchError, NotFound
from klatch.models import Token
from klatch.server.forms import LanguageForm, ProfileForm, TokenForm
from klatch.server.sessions import devices


@login_required
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _page(request)


@sensitive_post_parameters("password")
@login_required
@never_cache
@require_POST
def profile(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = ProfileForm(user, request.POST)
    if not form.is_valid():
        return _page(request, profile_form=form)
    old, user.first_name, user.email = user.email, form.cleaned_data["name"], form.cleaned_data["email"]
    with transaction.atomic():
        user.save(update_fields=["first_name", "email"])
        if old != user.email:
            # allauth keeps addresses of its own for logging in; it makes the new one from the account.
            EmailAddress.objects.filter(user=user).delete()
    messages.success(request, _("Saved."))
    return redirect("server:account")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Django's own view keeps the choice in a cookie; it checks where it sends people afterwards."""
    response: HttpResponse = set_language(request)
    return response


@login_required
@never_cache
@require_POST
def make_token(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, token_form=form)
    try:
        row, secret = tokens.create_token(_user(request), **form.cleaned_data)
    except KlatchError as problem:
        form.add_error("name", _(problem.detail))
        return _page(request, token_form=form)
    # Shown in this answer only: nothing keeps it for a second look.
    return _page(request, made={"name": row.name, "secret": secret})


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        tokens.revoke_token(_user(request), pk)
    except NotFound:
        messages.error(request, _("There is no such token any more."))
    else:
        messages.success(request, _("Revoked."))
    return redirect("server:account")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _page(request: HttpRequest, **context: object) -> HttpResponse:
    user = _user(request)
    failed = "profile_form" in context or "token_form" in context
    context.setdefault("profile_form", ProfileForm(user))
    context.setdefault("token_form", TokenForm())
    context["language_form"] = LanguageForm(initial={"language": translation.get_language()})
    context["devices"] = devices(request)
    context["tokens"] = Token.objects.filter(user=user, revoked_at=None).order_by("-pk")
    return render(request, "klatch_server/account.html", context, status=422 if failed else 200)
