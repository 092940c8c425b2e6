"""Direct conversations: the one room of exactly these people."""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from klatch import queries
from klatch.actions.members import enter
from klatch.conf import conf
from klatch.errors import Invalid, LimitReached
from klatch.log import record
from klatch.models import Membership, Room


def open_direct(user: Any, user_ids: Iterable[int]) -> Room:
    """The direct room of ``user`` and these people, made if there is none yet.

    Raises ``NotFound`` for somebody who cannot be found, ``LimitReached`` for too many, ``Invalid`` for nobody else.
    """
    others = set(user_ids) - {user.pk}
    if not others:
        raise Invalid("Choose somebody to write to.", fields={"users": "empty"})
    if len(others) + 1 > conf().people_per_direct:
        raise LimitReached(f"A direct conversation has at most {conf().people_per_direct} people. Make a room.")
    people = sorted([user, *queries.findable(user, others)], key=lambda person: int(person.pk))
    key = hashlib.sha256(",".join(str(person.pk) for person in people).encode()).hexdigest()
    room = Room.objects.filter(direct_key=key).first()
    if room is not None:
        return room
    try:
        with transaction.atomic():
            room = Room.objects.create(
                slug=f"dm-{secrets.token_hex(8)}", kind=Room.Kind.DIRECT, direct_key=key, created_by=user
            )
            with record([room.pk]) as made:
                for person in people:
                    enter(made, made.rooms[room.pk], person, by=user, role=Membership.Role.MEMBER, read=0)
    except IntegrityError:
        # Somebody made the same room at the same moment.
        return Room.objects.get(direct_key=key)
    return room
