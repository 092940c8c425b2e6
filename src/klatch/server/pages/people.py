"""For owners: who is here, closing and opening accounts, links for lost passwords, the place's own settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klatch.actions import accounts as actions
from klatch.errors import Forbidden
from klatch.server import accounts, audit
from klatch.server.addresses import public
from klatch.server.forms import ResetForm, WorkspaceForm
from klatch.server.models import Act, Workspace

A_PAGE = 50


def for_owners(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@for_owners
@never_cache
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    return _page(request)


@for_owners
@never_cache
@require_POST
def workspace(request: HttpRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST, instance=Workspace.current())
    if not form.is_valid():
        return _page(request, workspace_form=form)
    with transaction.atomic():
        place = form.save()
        if "name" in form.changed_data:
            audit.record(Act.Kind.RENAMED, request.user, words=f"{form.initial['name']} → {place.name}")
        if "signup" in form.changed_data:
            is_open = place.signup == Workspace.SignUp.OPEN
            audit.record(Act.Kind.SIGN_UP_OPENED if is_open else Act.Kind.SIGN_UP_CLOSED, request.user)
    messages.success(request, _("Saved."))
    return redirect("server:people")


@for_owners
@require_POST
def activate(request: HttpRequest, pk: int, on: bool) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    try:
        (actions.reactivate if on else actions.deactivate)(request.user, person)
    except Forbidden as problem:
        messages.error(request, _(problem.detail))
    return redirect(_back(request))


@for_owners
@never_cache
@require_POST
def reset_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A link for one day and one use. It stops working as soon as the person logs in or has a new password."""
    person = get_object_or_404(User, pk=pk, is_active=True)
    audit.record(Act.Kind.PASSWORD_LINK, request.user, user=person)
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    path = reverse("server:reset", args=[uid, default_token_generator.make_token(person)])
    return _page(request, reset={"person": person, "link": public(request, path)})


@sensitive_post_parameters("new_password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Where such a link leads. The password is what uses it up, not the look."""
    try:
        person = User.objects.filter(pk=int(urlsafe_base64_decode(uid)), is_active=True).first()
    except (ValueError, OverflowError):
        person = None
    if person is None or not default_token_generator.check_token(person, token):
        response = render(request, "klatch_server/reset_closed.html", status=404)
    else:
        form = ResetForm(person, request.POST or None)
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                form.save()
                tokens = accounts.password_was_reset(request, person, by=person)
            messages.success(request, _("Your new password is set. Log in with it."))
            if tokens:
                messages.info(request, _("Your API tokens are revoked. Programs need new ones."))
            response = redirect("account_login")
        else:
            response = render(request, "klatch_server/reset.html", {"form": form, "person": person})
    return response


def _back(request: HttpRequest) -> str:
    query = request.POST.get("back", "")
    return reverse("server:people") + (f"?{query}" if query else "")


def _page(request: HttpRequest, **context: object) -> HttpResponse:
    q = request.GET.get("q", "").strip()
    found = User.objects.order_by("-is_active", "username")
    if q:
        found = found.filter(Q(username__icontains=q) | Q(first_name__icontains=q) | Q(email__icontains=q))
    status = 422 if "workspace_form" in context else 200
    context.setdefault("workspace_form", WorkspaceForm(instance=Workspace.current()))
    context |= {
        "q": q,
        "page": Paginator(found, A_PAGE).get_page(request.GET.get("page")),
        "back": request.GET.urlencode(),
    }
    return render(request, "klatch_server/people.html", context, status=status)
