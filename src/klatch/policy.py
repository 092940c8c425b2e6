"""May this person do this? Pure decisions on objects that are handed in; no queries.

Each raises ``Forbidden`` (or what says more) and returns None, so that a forgotten ``await`` or a truthy answer
cannot let anybody through.
"""

from typing import Any

from klatch.adapter import adapter
from klatch.errors import Archived, Forbidden
from klatch.models import Membership, Message, Room

RANK = {Membership.Role.MEMBER: 0, Membership.Role.MODERATOR: 1, Membership.Role.OWNER: 2}


def moderates(user: Any, membership: Membership) -> bool:
    if membership.room.is_direct:
        return False
    return RANK[Membership.Role(membership.role)] > 0 or adapter().may_moderate_everything(user)


def owns(user: Any, membership: Membership) -> bool:
    if membership.room.is_direct:
        return False
    return membership.role == Membership.Role.OWNER or adapter().may_moderate_everything(user)


def check_post(room: Room) -> None:
    """Members write, unless the room is archived."""
    if room.archived:
        raise Archived


def check_edit(user: Any, message: Message) -> None:
    """Only the author changes words."""
    if message.author_id != user.pk:
        raise Forbidden("Only the author can edit a message.")
    if message.deleted:
        raise Forbidden("A deleted message cannot be edited.")
    check_post(message.room)


def check_delete(user: Any, message: Message, membership: Membership) -> None:
    """The author, or who moderates the room."""
    if message.author_id != user.pk and not moderates(user, membership):
        raise Forbidden("Only the author or a moderator can delete a message.")
    check_post(message.room)


def check_create_room(user: Any) -> None:
    if not adapter().may_create_rooms(user):
        raise Forbidden("You may not create rooms here.")


def check_change_room(user: Any, membership: Membership) -> None:
    if not moderates(user, membership):
        raise Forbidden("Only a moderator of this room can do that.")


def check_invite(user: Any, membership: Membership) -> None:
    """Into an open room any member brings people; into a private one, who moderates it; into a direct one, nobody."""
    room = membership.room
    check_post(room)
    if room.is_direct:
        raise Forbidden("A direct conversation keeps its people. Start a new one.")
    if room.kind == Room.Kind.PRIVATE and not moderates(user, membership):
        raise Forbidden("Only a moderator of this room can invite people.")


def check_remove(user: Any, membership: Membership, target: Membership) -> None:
    """A moderator removes members, an owner everybody but themselves."""
    if not moderates(user, membership):
        raise Forbidden("Only a moderator of this room can do that.")
    if target.user_id == user.pk:
        raise Forbidden("To go yourself, leave the room.")
    if RANK[Membership.Role(target.role)] > 0 and not owns(user, membership):
        raise Forbidden("Only an owner can remove a moderator or an owner.")


def check_change_role(user: Any, membership: Membership) -> None:
    if not owns(user, membership):
        raise Forbidden("Only an owner of this room can change roles.")


def check_leave(membership: Membership) -> None:
    if membership.room.is_direct:
        raise Forbidden("A direct conversation cannot be left.")
