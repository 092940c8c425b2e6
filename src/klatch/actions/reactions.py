"""Reacting to a message, and taking that back."""

import re
from typing import Any

from klatch import policy, queries
from klatch.errors import Forbidden, Invalid, LimitReached
from klatch.log import Entry, record
from klatch.models import Event, Reaction

KINDS_A_MESSAGE = 20
REACTIONS_A_MESSAGE = 2_000

# Unicode's emoji without letters, digits and the signs of trade; blocks that hold little else are taken whole.
_SIGN = (
    "[\u203c\u2049\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6"
    "\u25c0\u25fb-\u25fe\u2600-\u2775\u2794-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f004\U0001f0cf\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f201\U0001f202"
    "\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f250\U0001f251\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f7e0-\U0001f7ff\U0001f900-\U0001f9ff\U0001fa70-\U0001faff]"
)
# A sign with its skin tone, its emoji form, or the tags of a region's flag.
_ONE = f"{_SIGN}(?:[\U0001f3fb-\U0001f3ff]|\ufe0f)?(?:[\U000e0030-\U000e007a]{{1,8}}\U000e007f)?"
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*")


def react(user: Any, message_id: int, emoji: str, on: bool) -> Entry | None:
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
    """Exactly one emoji, so that a reaction cannot carry words or markup. Raises ``Invalid``."""
    if not _EMOJI.fullmatch(emoji):
        raise Invalid("That is not an emoji.", fields={"emoji": "not an emoji"})
