"""One page with orders; each order can have a room that the two sides talk in."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

import klatch
from klatch.actions import members, rooms
from klatch.models import Room

ORDERS = {1042: "A kite, red", 1043: "Two kites, blue"}


@login_required
def orders(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/orders.html", {"orders": ORDERS})


@login_required
@require_POST
def talk_about(request: HttpRequest, number: int) -> HttpResponse:
    """Open the order's room: make it when it is asked for the first time, and say so in it."""
    if number not in ORDERS:
        raise Http404
    room = Room.objects.filter(slug=f"order-{number}").first()
    if room is None:
        room = rooms.create_room(request.user, name=f"Order {number}", kind="private", slug=f"order-{number}")
        staff = User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True)
        members.invite(request.user, room.pk, staff)
        klatch.post(room, request.user, f"A question about order {number}: **{ORDERS[number]}**")
    return redirect("klatch:room", room.slug)
