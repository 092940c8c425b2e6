"""Making, showing and revoking invite links. The secret is shown once: only its hash is kept."""

import segno
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from klatch.actions import invites
from klatch.errors import KlatchError
from klatch.models import Invite, Room
from klatch.server import addresses
from klatch.server.forms import InviteForm


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    rooms = _rooms(user)
    form = InviteForm([(room.pk, room.name) for room in rooms], request.POST or None)
    # A link in a room's menu names the room that it comes from.
    form.initial["room"] = next((room.pk for room in rooms if room.slug == request.GET.get("room", "lobby")), None)
    made = None
    if request.method == "POST" and form.is_valid():
        room = next(room for room in rooms if room.pk == int(form.cleaned_data["room"]))
        try:
            row, secret = invites.create_invite(user, room)
        except KlatchError as problem:
            form.add_error(None, _(problem.detail))
        else:
            link = addresses.public(request, reverse("server:join", args=[secret]))
            made = {
                "link": link,
                "here_only": addresses.here_only(link),
                "room": room,
                "expires_at": row.expires_at,
                "code": _code(link),
            }
    mine = Invite.objects.filter(created_by=user, revoked_at=None, expires_at__gt=timezone.now())
    context = {"form": form, "made": made, "rooms": rooms, "invites": mine.select_related("room").order_by("-pk")}
    return render(request, "klatch_server/invite.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(Invite, pk=pk, created_by=request.user)
    invites.revoke_invite(request.user, pk)
    return redirect("server:invite")


def _rooms(user: User) -> list[Room]:
    """Mine, where people can be let in, the lobby first."""
    mine = Room.objects.filter(memberships__user=user, archived_at=None).exclude(kind=Room.Kind.DIRECT)
    return sorted(mine.order_by("name"), key=lambda room: not room.everybody)


def _code(link: str) -> SafeString:
    """The link for a phone's camera."""
    title = _("QR code of the invite link")
    drawing = segno.make(link, error="m", micro=False).svg_inline(
        scale=4, border=0, omitsize=True, svgclass=None, lineclass=None, title=title
    )
    return mark_safe(drawing)  # noqa: S308 (drawn by us from an address we made; the title is escaped by segno)
