"""The first page of a fresh server: the place and its owner. Open only while there is no account."""

import secrets
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from klatch.server import accounts, throttle
from klatch.server.folder import keep_secret, setup_code_file
from klatch.server.forms import SetUpForm


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The bare address: to the chat, or to set-up on a fresh server."""
    return redirect("klatch:directory" if User.objects.exists() else "server:setup")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    if User.objects.exists():
        raise Http404
    code = request.POST.get("code") or request.GET.get("code", "")
    if not _may_set_up(request, code):
        return render(request, "klatch_server/setup_code.html", {"tried": bool(code)}, status=403)
    form = SetUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            owner, room = accounts.found(
                place=given["place"],
                signup=given["signup"],
                lobby=_("lobby"),
                name=given["name"],
                email=given["email"],
                password=given["password"],
            )
        except accounts.AlreadySetUpError as problem:
            raise Http404 from problem
        except ValidationError as problem:
            form.add_error("name", problem)
        else:
            setup_code_file(settings.DATA).unlink(missing_ok=True)
            login(request, owner, backend=settings.AUTHENTICATION_BACKENDS[0])
            response = redirect("klatch:room", room.slug)
            throttle.remember(request, response, owner)
            return response
    return render(request, "klatch_server/setup.html", {"form": form, "code": code})


def _may_set_up(request: HttpRequest, code: str) -> bool:
    """Who sits at the machine may; anybody else needs the code from the terminal.

    Threat: a stranger who finds a fresh server first owns it. A web page of a stranger in a browser on this machine
    (DNS rebinding) shows in the Host header, a proxy on this machine in its headers.
    """
    file = setup_code_file(settings.DATA)
    if not file.exists() and _from_this_machine(request):
        return True
    return secrets.compare_digest(code.strip().encode(), keep_secret(file, 12).encode())


def _from_this_machine(request: HttpRequest) -> bool:
    try:
        local = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    host = request.get_host().rsplit(":", 1)[0] if not request.get_host().endswith("]") else request.get_host()
    proxied = any(key.startswith("HTTP_X_FORWARDED") or key == "HTTP_FORWARDED" for key in request.META)
    return local and host in ("localhost", "127.0.0.1", "[::1]") and not proxied
