"""Look-ups of the hot paths, by hand: the ORM takes longer to write such a statement than the database to run it.

Never writes, and decides nothing: what is found is judged by who asks.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from klatch.models import Message, Room, bulk


def locked_rooms(room_ids: Iterable[int]) -> list[Room]:
    """These rooms, locked one after the other by id until the transaction ends."""
    wanted, values = bulk.asked(room=list(room_ids))
    order = "ORDER BY id FOR UPDATE" if connection.features.has_select_for_update else "ORDER BY id"
    return bulk.select(Room, f"WHERE id IN ({wanted} SELECT room FROM asked) {order}", values)  # noqa: S608 - no word of it is a client's


def membership_ids(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Those of these (room, person) that are memberships, each with the row's id."""
    rooms, people = zip(*pairs, strict=True)
    asked, values = bulk.asked(room=rooms, person=people)
    with connection.cursor() as cursor:
        cursor.execute(asked + _MEMBERSHIP_IDS, values)
        return {(room, person): key for room, person, key in cursor.fetchall()}


# In this order on SQLite: each pair is looked up in the index.
_MEMBERSHIP_IDS = (
    "SELECT m.room_id, m.user_id, m.id FROM asked CROSS JOIN klatch_membership m "
    "WHERE m.room_id = asked.room AND m.user_id = asked.person"
)


def messages_of(sent: Iterable[tuple[int, UUID]]) -> dict[tuple[int | None, UUID], Message]:
    """The messages that were posted under these (author, client id)."""
    authors, client_ids = zip(*sent, strict=True)
    asked, values = bulk.asked(author=authors, client=client_ids)
    with connection.cursor() as cursor:
        cursor.execute(asked + _MESSAGES_OF, values)
        ids = [row[0] for row in cursor.fetchall()]
    return {(row.author_id, row.client_id): row for row in Message.objects.filter(pk__in=ids)} if ids else {}


_MESSAGES_OF = (
    "SELECT m.id FROM asked CROSS JOIN klatch_message m WHERE m.author_id = asked.author AND m.client_id = asked.client"
)
