"""Look-ups of the hot paths, by hand: the ORM takes longer to write such a statement than the database to run it.

Never writes, and decides nothing: what is found is judged by who asks.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import connection

from klatch.models import Membership, Message, Room, bulk


def locked_rooms(room_ids: Iterable[int]) -> list[Room]:
    """These rooms, locked one after the other by id until the transaction ends."""
    wanted, values = bulk.asked(room=list(room_ids))
    order = "ORDER BY id FOR UPDATE" if connection.features.has_select_for_update else "ORDER BY id"
    return bulk.select(Room, f"WHERE id IN ({wanted} SELECT room FROM asked) {order}", values)  # noqa: S608 - no word of it is a client's


def memberships(people: Collection[int]) -> dict[int, list[Membership]]:
    """Every membership of each of these people, its room loaded, the most recently active room first."""
    wanted, values = bulk.asked(person=list(people))
    rows = bulk.select(Membership, f"WHERE user_id IN ({wanted} SELECT person FROM asked)", values)  # noqa: S608 - as above
    wanted, values = bulk.asked(room=list({row.room_id for row in rows}))
    rooms = {room.pk: room for room in bulk.select(Room, f"WHERE id IN ({wanted} SELECT room FROM asked)", values)}  # noqa: S608
    found: dict[int, list[Membership]] = defaultdict(list)
    for row in rows:
        if row.room_id in rooms:
            row.room = rooms[row.room_id]
            found[row.user_id].append(row)
    for theirs in found.values():
        theirs.sort(key=lambda row: row.room.active_at, reverse=True)
    return found


def rooms_of(people: Collection[int]) -> dict[int, set[int]]:
    """The rooms that each of these people belongs to."""
    wanted, values = bulk.asked(person=list(people))
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(wanted + _ROOMS_OF, values)
        for person, room in cursor.fetchall():
            found[person].add(room)
    return found


_ROOMS_OF = "SELECT m.user_id, m.room_id FROM asked CROSS JOIN klatch_membership m WHERE m.user_id = asked.person"


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
