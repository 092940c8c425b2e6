"""Making rooms and changing what they are called."""

import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from klatch import policy, queries, text
from klatch.actions.members import enter
from klatch.errors import Conflict, Forbidden, Invalid, NotFound
from klatch.log import record
from klatch.models import Event, Membership, Room
from klatch.signals import room_created

RESERVED = frozenset({"i18n.js", "new", "all"})


def create_room(
    actor: Any,
    *,
    name: str,
    description: str = "",
    kind: str = "open",
    slug: str | None = None,
    everybody: bool = False,
) -> Room:
    """Make a room with ``actor`` as its owner.

    An open room's address is its name, so two cannot share one (``Conflict``). A private room's address ends in
    random letters: that a name is taken would tell that the room exists. Raises ``Forbidden``, ``Invalid``.
    """
    policy.check_create_room(actor)
    name, description = _checked_name(name), text.clean(description)
    wanted = slug or address(name, private=kind == Room.Kind.PRIVATE)
    with transaction.atomic():
        try:
            with transaction.atomic():
                room = Room.objects.create(
                    slug=wanted, name=name, description=description, kind=kind, everybody=everybody, created_by=actor
                )
        except IntegrityError:
            raise Conflict("There is a room of this name already.", fields={"name": "taken"}) from None
        # Both or neither: a room whose maker could not enter would be nobody's.
        with record([room.pk]) as made:
            room = made.rooms[room.pk]
            enter(made, room, actor, by=actor, role=Membership.Role.OWNER)
        transaction.on_commit(lambda: room_created.send_robust(sender=Room, room=room), robust=True)
    return room


def address(name: str, *, private: bool) -> str:
    """The part of the address that names a room, in the name's own alphabet."""
    slug = slugify(name, allow_unicode=True)[:80].strip("-_")
    if not slug or slug in RESERVED or private:
        slug = f"{slug or 'room'}-{secrets.token_hex(4)}"
    return slug


def change_room(
    user: Any, room_id: int, *, name: str | None = None, description: str | None = None, archived: bool | None = None
) -> Room:
    """Rename, describe, archive or take out of the archive. What is None stays. The address never changes.

    Raises ``NotFound``, ``Forbidden``, ``Invalid``.
    """
    queries.membership(user, room_id)
    name = None if name is None else _checked_name(name)
    description = None if description is None else text.clean(description)
    with record([room_id]) as made:
        mine = queries.membership(user, room_id)
        mine.room = room = made.rooms[room_id]
        if room.is_direct:
            raise Forbidden("A direct conversation has no name.")
        policy.check_change_room(user, mine)
        before: dict[str, Any] = {}
        if name is not None and name != room.name:
            before["name"], room.name = room.name, name
        if description is not None and description != room.description:
            before["description"], room.description = room.description, description
        if archived is not None and archived != room.archived:
            before["archived"] = room.archived
            room.archived_at = timezone.now() if archived else None
        if before:
            room.save(update_fields=["name", "description", "archived_at"])
            made.append(room, Event.Kind.ROOM_CHANGED, user, data={"before": before})
    return room


def _checked_name(name: str) -> str:
    """A name on one line, without controls that could make it look like another. Raises ``Invalid`` for nothing."""
    name = " ".join(text.clean(name).split())
    if not name:
        raise Invalid("A room needs a name.", fields={"name": "empty"})
    return name


def room_named(room: Room | int | str) -> Room | int:
    """A room by itself, its id or its address. Raises ``NotFound``."""
    if not isinstance(room, str):
        return room
    found = Room.objects.filter(slug=room).first()
    if found is None:
        raise NotFound
    return found
