"""Rows → wire types, the same for live events, resume, the socket and REST. No queries of its own.

Callers load what is asked for here (author, quoted message and its author); reactions are handed in.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from klatch import models, protocol, text
from klatch.adapter import adapter

logger = logging.getLogger("klatch.serialize")

Reactions = Iterable[tuple[str, int]]


@lru_cache(maxsize=64)
def time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds. What happens in one batch happens at one time."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def user(person: Any) -> protocol.User:
    return {
        "id": person.pk,
        "username": person.get_username(),
        "name": adapter().name(person),
        "avatar": adapter().avatar(person),
    }


def someone(person: Any) -> protocol.User | None:
    """A person who may be gone, or be rendered already."""
    if person is None or isinstance(person, dict):
        return person  # type: ignore[return-value]
    return user(person)


def room(row: models.Room) -> protocol.Room:
    return {
        "id": row.pk,
        "slug": row.slug,
        "name": row.name,
        "description": row.description,
        "kind": row.kind,
        "seq": row.seq,
        "count": row.count,
        "members": row.members,
        "archived": row.archived,
        "at": time(row.active_at),
    }


def my_room(
    membership: models.Membership, online: Collection[int], people: Iterable[Any] | None = None
) -> protocol.MyRoom:
    """A room with what is the member's own. ``online``: the ids of who is there; ``people`` only for direct rooms."""
    mine: protocol.MyRoom = {
        **room(membership.room),  # type: ignore[typeddict-item]
        "role": membership.role,
        "read": min(membership.read, membership.room.count),
        "online": len(online),
        "on": sorted(online) if len(online) <= ONLINE_LISTED else None,
    }
    if people is not None:
        mine["people"] = [user(person) for person in people]
    return mine


ONLINE_LISTED = 200  # larger rooms say only how many: a list would cost the square of the room's size


def quote(row: models.Message) -> protocol.Quote:
    return {
        "id": row.pk,
        "position": row.position,
        "author": someone(row.author),
        "excerpt": "" if row.deleted else text.excerpt(row.body),
        "deleted": row.deleted,
    }


def message(row: models.Message, reactions: Reactions = (), author: protocol.User | None = None) -> protocol.Message:
    """``row.author``, ``row.reply_to`` and ``row.reply_to.author`` must be loaded; ``author`` where known already."""
    deleted = row.deleted
    return {
        "id": row.pk,
        "room": row.room_id,
        "position": row.position,
        "seq": row.seq,
        "rev": row.rev,
        "client_id": str(row.client_id),
        "author": author or someone(row.author),
        "body": row.body,
        "html": row.html,
        "at": time(row.at),
        "edited_at": time(row.edited_at) if row.edited_at else None,
        "deleted": deleted,
        "reply_to": None if deleted or row.reply_to is None else quote(row.reply_to),
        "reactions": [] if deleted or not reactions else reaction_groups(reactions),
    }


def reaction_groups(reactions: Reactions) -> list[protocol.ReactionGroup]:
    """In the order in which each emoji first came."""
    groups: dict[str, list[int]] = {}
    for emoji, user_id in reactions:
        groups.setdefault(emoji, []).append(user_id)
    return [{"emoji": emoji, "users": users} for emoji, users in groups.items()]


def event(row: Any, reactions: Reactions = ()) -> protocol.Event:
    """An event of the log, or one on its way there.

    ``row.actor``, ``row.user`` and ``row.message`` must be loaded; ``row.room`` for room events.
    """
    try:
        return _event(row, reactions)
    except Exception:
        if not isinstance(row, models.Event):
            raise
        # One bad row, once it is in the log, would keep a room from everybody for good. It takes its number.
        logger.exception("Event %s of room %s cannot be shown", row.seq, row.room_id)
        return {"type": "unreadable", "room": row.room_id, "seq": row.seq, "at": time(row.at), "actor": None}


def _event(row: Any, reactions: Reactions) -> protocol.Event:
    frame: protocol.Event = {
        "type": row.kind,
        "room": row.room_id,
        "seq": row.seq,
        "at": time(row.at),
        "actor": someone(row.actor),
    }
    kinds = models.Event.Kind
    if row.kind in (kinds.MESSAGE_POSTED, kinds.MESSAGE_EDITED, kinds.MESSAGE_DELETED):
        assert row.message is not None
        written = row.message
        # In a flood most events are of this kind, and rendering a person is a fifth of each.
        frame["message"] = message(written, reactions, frame["actor"] if written.author is row.actor else None)
    elif row.kind in (kinds.REACTION_ADDED, kinds.REACTION_REMOVED):
        assert row.message_id is not None
        frame["message_id"] = row.message_id
        frame["emoji"] = row.data["emoji"]
        frame["user_id"] = row.data["user"]
    elif row.kind == kinds.ROOM_CHANGED:
        frame["info"] = room(row.room)
        frame["before"] = row.data["before"]
    else:
        frame["user"] = someone(row.user)
        if row.kind == kinds.MEMBER_LEFT:
            frame["removed"] = row.data["removed"]
        else:
            frame["role"] = row.data["role"]
    return frame
