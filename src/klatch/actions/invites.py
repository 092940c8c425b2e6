"""Links that let their bearer into a room. The secret is shown once; only its hash is kept."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from klatch import policy, queries
from klatch.actions.members import enter
from klatch.adapter import adapter
from klatch.conf import conf
from klatch.errors import Forbidden, Invalid, KlatchError, LimitReached, NotFound
from klatch.log import record
from klatch.models import Ban, Invite, Membership, Room
from klatch.models.invite import hash_secret
from klatch.signals import administered

INVITES_A_PERSON = 100
USES = 10_000


def create_invite(user: Any, room: Room, *, max_uses: int = 0) -> tuple[Invite, str]:
    """A link into ``room``, good for ``INVITE_DAYS``; ``max_uses`` 0 is no limit. Returns row and secret.

    Raises ``NotFound``, ``Forbidden``, ``Archived``, ``Invalid``, ``LimitReached``.
    """
    policy.check_invite(user, queries.membership(user, room.pk))
    if not adapter().may_invite_strangers(user):
        raise Forbidden("You may not make invite links.")
    if not 0 <= max_uses <= USES:
        raise Invalid(f"A link is for at most {USES} uses; 0 is no limit.", fields={"max_uses": "out of range"})
    live = Invite.objects.filter(created_by=user, revoked_at=None, expires_at__gt=timezone.now())
    if live.count() >= INVITES_A_PERSON:
        raise LimitReached("Revoke an invite link first: there are too many.")
    secret = secrets.token_urlsafe(16)
    expires = timezone.now() + timedelta(days=conf().invite_days)
    with transaction.atomic():
        row = Invite.objects.create(
            room=room, hash=hash_secret(secret), created_by=user, expires_at=expires, max_uses=max_uses
        )
        administered.send(sender=None, act="invite.made", actor=user, words=room.name, number=row.pk)
    return row, secret


def find_invite(secret: str) -> Invite:
    """The invite behind a link, its room and maker loaded, if it still lets anybody in.

    It grants no more than its maker may do now. Raises ``NotFound``.
    """
    row = Invite.objects.select_related("room", "created_by").filter(hash=hash_secret(secret)).first()
    if row is None or not row.usable or not row.created_by.is_active:
        raise NotFound("This invitation is not valid any more.")
    try:
        policy.check_invite(row.created_by, queries.membership(row.created_by, row.room_id))
    except KlatchError:
        raise NotFound("This invitation is not valid any more.") from None
    return row


def redeem_invite(user: Any, secret: str) -> Room:
    """Enter the room of the link. Who is in already stays in, and uses nothing up. Raises ``NotFound``."""
    room_id = find_invite(secret).room_id
    with record([room_id]) as made:
        row = find_invite(secret)
        room = made.rooms[room_id]
        if Membership.objects.filter(room=room, user_id=user.pk).exists():
            return room
        if Ban.objects.filter(room=room, user_id=user.pk).exists():
            raise NotFound("This invitation is not valid any more.")
        uses_left = Invite.objects.filter(pk=row.pk, revoked_at=None)
        if row.max_uses:
            uses_left = uses_left.filter(uses__lt=F("max_uses"))
        if not uses_left.update(uses=F("uses") + 1):
            raise NotFound("This invitation is not valid any more.")
        enter(made, room, user, by=row.created_by)
    return room


def revoke_invite(user: Any, invite_id: int) -> None:
    """One's own link, or any in a room that one moderates. Raises ``NotFound``."""
    row = Invite.objects.select_related("room", "created_by").filter(pk=invite_id, revoked_at=None).first()
    if row is None:
        raise NotFound
    if row.created_by_id != user.pk and not policy.moderates(user, queries.membership(user, row.room_id)):
        raise NotFound
    with transaction.atomic():
        Invite.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
        administered.send(
            sender=None, act="invite.revoked", actor=user, user=row.created_by, words=row.room.name, number=row.pk
        )
