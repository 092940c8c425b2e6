"""What was done in running the place, for its owners: the server's acts and what moderators did in rooms, by time.

Writes nothing. Rooms' acts are read from the event log, where they are already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import BooleanField, F, Model, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from klatch.adapter import adapter
from klatch.models import Event, Membership
from klatch.models.event import IS_MODERATED
from klatch.server.models import Act

A_PAGE = 50
Cursor = tuple[datetime, int, int]


@dataclass(frozen=True)
class Line:
    """``cursor`` orders all lines: two events of one moment are common, of both kinds possible."""

    cursor: Cursor
    what: str
    about: str
    by: str
    address: str = ""

    @property
    def at(self) -> datetime:
        return self.cursor[0]


@login_required
@never_cache
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    if not request.user.is_superuser:
        raise Http404
    before = _cursor(request.GET.get("before", ""))
    lines = sorted([*_acts(before), *_moderation(before)], key=lambda line: line.cursor, reverse=True)
    older = ""
    if len(lines) > A_PAGE:
        at, source, pk = lines[A_PAGE - 1].cursor
        older = f"{at.isoformat()},{source},{pk}"
    context = {"lines": lines[:A_PAGE], "older": older, "later": before is not None}
    return render(request, "klatch_server/audit.html", context)


def _cursor(text: str) -> Cursor | None:
    """Raises ``Http404`` for what no page of ours links to."""
    if not text:
        return None
    try:
        at, source, pk = text.split(",")
        moment = parse_datetime(at)
        if moment is None or moment.tzinfo is None:
            raise ValueError(at)
        return moment, int(source), min(int(pk), 2**62)
    except ValueError as problem:
        raise Http404 from problem


def _page[M: Model](rows: QuerySet[M], source: int, before: Cursor | None) -> QuerySet[M]:
    """The newest of these rows that come after the last line of the page before; one more than a page has."""
    if before is not None:
        at, last, pk = before
        beyond = Q(at__lt=at)
        if source < last:
            beyond |= Q(at=at)
        elif source == last:
            beyond |= Q(at=at, pk__lt=pk)
        rows = rows.filter(beyond)
    return rows.order_by("-at", "-pk")[: A_PAGE + 1]


def _acts(before: Cursor | None) -> Iterator[Line]:
    for row in _page(Act.objects.select_related("actor", "user"), 1, before):
        by = _("command line") if row.command_line else _name(row.actor)
        whom = _name(row.user) if row.user_id and row.user_id != row.actor_id else ""
        about = " · ".join(part for part in (whom, row.words) if part)
        yield Line((row.at, 1, row.pk), row.get_kind_display(), about, by, row.address)


def _moderation(before: Cursor | None) -> Iterator[Line]:
    """What somebody did to others or to a room. No words of a message: the log has none."""
    events = Event.objects.filter(RawSQL(IS_MODERATED, (), output_field=BooleanField()))  # noqa: S611 - a constant
    events = events.exclude(kind=Event.Kind.MEMBER_LEFT, actor=F("user"))
    events = events.exclude(kind=Event.Kind.MESSAGE_DELETED, actor=F("message__author"))
    for row in _page(events.select_related("room", "actor", "user", "message__author"), 0, before):
        what, whom = _told(row)
        about = " · ".join(part for part in (whom, str(row.room)) if part)
        yield Line((row.at, 0, row.pk), what, about, _name(row.actor))


def _told(row: Event) -> tuple[str, str]:
    """What was done, and to whom."""
    if row.kind == Event.Kind.MESSAGE_DELETED:
        assert row.message is not None
        return _("Somebody else’s message deleted"), _name(row.message.author)
    if row.kind == Event.Kind.MEMBER_LEFT:
        return _("Removed from a room"), _name(row.user)
    if row.kind == Event.Kind.MEMBER_CHANGED:
        return _("New role in a room: %(role)s") % {"role": Membership.Role(row.data["role"]).label}, _name(row.user)
    before = row.data.get("before", {})
    told = []
    if "name" in before:
        told.append(_("Room renamed; it was “%(name)s”") % {"name": before["name"]})
    if "archived" in before:
        told.append(_("Room opened again") if before["archived"] else _("Room archived"))
    return " · ".join(told) or _("Description of a room changed"), ""


def _name(user: User | None) -> str:
    return adapter().name(user) if user is not None else _("somebody who is gone")
