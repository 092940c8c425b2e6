"""Reacting to a message, and taking that back."""

import unicodedata
from typing import Any

from klatch import policy, queries
from klatch.errors import Forbidden, Invalid, LimitReached
from klatch.log import record
from klatch.models import Event, Reaction

KINDS_A_MESSAGE = 20
REACTIONS_A_MESSAGE = 2_000


def react(user: Any, message_id: int, emoji: str, on: bool) -> Event | None:
    """Set or take back one's own reaction; None where it is so already.

    Raises ``NotFound``, ``Forbidden``, ``Archived``, ``Invalid``, ``LimitReached``.
    """
    check_emoji(emoji)
    message, _ = queries.message(user, message_id)
    with record([message.room_id]) as made:
        message, _ = queries.message(user, message_id)
        room = made.rooms[message.room_id]
        policy.check_post(room)
        if message.deleted:
            raise Forbidden("A deleted message takes no reactions.")
        there = queries.reactions_to([message.pk])[message.pk]
        if ((emoji, user.pk) in there) == on:
            return None
        if on:
            kinds = {kind for kind, _ in there}
            if len(there) >= REACTIONS_A_MESSAGE or (emoji not in kinds and len(kinds) >= KINDS_A_MESSAGE):
                raise LimitReached
            Reaction.objects.create(message=message, user=user, emoji=emoji)
        else:
            Reaction.objects.filter(message=message, user_id=user.pk, emoji=emoji).delete()
        message.rev = room.seq + 1
        message.save(update_fields=["rev"])
        kind = Event.Kind.REACTION_ADDED if on else Event.Kind.REACTION_REMOVED
        return made.append(room, kind, user, message=message, data={"emoji": emoji, "user": user.pk})


def check_emoji(emoji: str) -> None:
    """Symbols only, so that a reaction cannot carry words or markup. Raises ``Invalid``."""
    if (
        emoji in ("©", "®")
        or any(unicodedata.category(sign) not in ("So", "Sk", "Sm", "Mn", "Me", "Cf", "Po", "Nd") for sign in emoji)
        or not any(unicodedata.category(sign) in ("So", "Sm", "Me") for sign in emoji)
    ):
        raise Invalid("That is not an emoji.", fields={"emoji": "not an emoji"})
