"""Who belongs to a room: joining, leaving, inviting, removing, roles."""

from collections.abc import Iterable
from typing import Any

from klatch import policy, queries
from klatch.conf import conf
from klatch.errors import Forbidden, LimitReached, NotFound
from klatch.log import Entry, Record, record
from klatch.models import Ban, Event, Membership, Room


def enter(
    made: Record, room: Room, user: Any, *, by: Any, role: str = Membership.Role.MEMBER, read: int | None = None
) -> bool:
    """Make ``user`` a member inside an open record; returns whether that was news. Checks no permission.

    Raises ``LimitReached``. What was said before counts as read unless ``read`` says otherwise.
    """
    if Membership.objects.filter(user_id=user.pk).count() >= conf().rooms_per_user:
        raise LimitReached("This person is in too many rooms.")
    position = room.count if read is None else read
    _, new = Membership.objects.get_or_create(room=room, user=user, defaults={"role": role, "read": position})
    if new:
        room.members += 1
        made.append(room, Event.Kind.MEMBER_JOINED, by, user=user, data={"role": role})
    return new


def join(user: Any, room_id: int) -> Membership:
    """Enter an open room. Raises ``NotFound`` where one cannot, whatever the reason; ``LimitReached``."""
    with record([room_id]) as made:
        mine = Membership.objects.select_related("room").filter(room_id=room_id, user_id=user.pk).first()
        if mine is None:
            queries.may_join(user, room_id)
            enter(made, made.rooms[room_id], user, by=user)
    return queries.membership(user, room_id)


def admit(user: Any) -> None:
    """A new account joins the rooms that are for everybody."""
    for room_id in Room.objects.filter(everybody=True, archived_at=None).order_by("pk").values_list("pk", flat=True):
        with record([room_id]) as made:
            enter(made, made.rooms[room_id], user, by=user)


def leave(user: Any, room_id: int) -> None:
    """Raises ``NotFound``; ``Forbidden`` for a direct conversation."""
    queries.membership(user, room_id)
    with record([room_id]) as made:
        mine = queries.membership(user, room_id)
        policy.check_leave(mine)
        _go(made, mine, user, by=user, removed=False)


def invite(user: Any, room_id: int, user_ids: Iterable[int]) -> int:
    """Bring people into a room; who was removed may come back this way, by a moderator. Returns how many are new.

    Raises ``NotFound``, ``Forbidden``, ``Archived``, ``LimitReached``.
    """
    queries.membership(user, room_id)
    with record([room_id]) as made:
        mine = queries.membership(user, room_id)
        mine.room = room = made.rooms[room_id]
        policy.check_invite(user, mine)
        guests = queries.findable(user, user_ids)
        banned = Ban.objects.filter(room_id=room_id, user_id__in=[guest.pk for guest in guests])
        if banned.exists():
            if not policy.moderates(user, mine):
                raise Forbidden("Only a moderator can bring back somebody who was removed.")
            banned.delete()
        return sum(enter(made, room, guest, by=user) for guest in guests)


def remove(user: Any, room_id: int, target_id: int) -> None:
    """Take somebody out of a room; they cannot come back by themselves.

    Their open sockets lose the room with this event. Raises ``NotFound``, ``Forbidden``.
    """
    queries.membership(user, room_id)
    with record([room_id]) as made:
        mine = queries.membership(user, room_id)
        target = Membership.objects.select_related("user", "room").filter(room_id=room_id, user_id=target_id).first()
        if target is None:
            raise NotFound
        if mine.room.is_direct:
            raise Forbidden("A direct conversation keeps its people.")
        policy.check_remove(user, mine, target)
        Ban.objects.get_or_create(room_id=room_id, user_id=target_id, defaults={"by": user})
        _go(made, target, target.user, by=user, removed=True)


def change_role(user: Any, room_id: int, target_id: int, role: str) -> Entry | None:
    """Make somebody owner, moderator or member; None where they are that already. A room keeps at least one owner.

    Raises ``NotFound``, ``Forbidden``.
    """
    queries.membership(user, room_id)
    with record([room_id]) as made:
        mine = queries.membership(user, room_id)
        policy.check_change_role(user, mine)
        target = Membership.objects.select_related("user").filter(room_id=room_id, user_id=target_id).first()
        if target is None:
            raise NotFound
        if target.role == role:
            return None
        if target.role == Membership.Role.OWNER and _owners(room_id) == 1:
            raise Forbidden("A room needs an owner: make somebody else one first.")
        target.role = role
        target.save(update_fields=["role"])
        return made.append(made.rooms[room_id], Event.Kind.MEMBER_CHANGED, user, user=target.user, data={"role": role})


def _go(made: Record, membership: Membership, user: Any, *, by: Any, removed: bool) -> None:
    room = made.rooms[membership.room_id]
    membership.delete()
    room.members -= 1
    made.append(room, Event.Kind.MEMBER_LEFT, by, user=user, data={"removed": removed})
    if membership.role == Membership.Role.OWNER and _owners(room.pk) == 0:
        _pass_on(made, room, by)


def _owners(room_id: int) -> int:
    return Membership.objects.filter(room_id=room_id, role=Membership.Role.OWNER).count()


def _pass_on(made: Record, room: Room, by: Any) -> None:
    """The last owner left: the longest-standing moderator, else member, takes the room over."""
    rows = Membership.objects.select_related("user").filter(room_id=room.pk, user__is_active=True)
    heir = rows.filter(role=Membership.Role.MODERATOR).order_by("pk").first() or rows.order_by("pk").first()
    if heir is not None:
        heir.role = Membership.Role.OWNER
        heir.save(update_fields=["role"])
        made.append(room, Event.Kind.MEMBER_CHANGED, by, user=heir.user, data={"role": heir.role})
