"""Look-ups of the hot paths, by hand: the ORM takes longer to write such a statement than the database to run it.

Writes no row, and decides nothing: what is found is judged by who asks.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection

from klatch.models import Membership, Message, Room, Token, bulk


def tokens(hashes: Collection[str]) -> list[Token]:
    """The tokens with these hashes that are not revoked, each with its person."""
    lite = connection.vendor == "sqlite"
    named = "IN (SELECT value FROM json_each(%s))" if lite else "= ANY(%s)"
    given = json.dumps(list(hashes)) if lite else list(hashes)
    rows = bulk.select(Token, f"WHERE hash {named} AND revoked_at IS NULL", [given])
    people = _people({row.user_id for row in rows})
    found = [row for row in rows if row.user_id in people]
    for row in found:
        row.user = people[row.user_id]
    return found


def _people(ids: Collection[int]) -> dict[int, Any]:
    model = get_user_model()
    if model._meta.parents:  # its rows are in several tables
        return model._base_manager.in_bulk(ids)
    wanted, values = bulk.asked(person=list(ids))
    condition = f'WHERE "{model._meta.pk.column}" IN ({wanted} SELECT person FROM asked)'  # noqa: S608 - a name of the model's
    return {person.pk: person for person in bulk.select(model, condition, values)}


def locked_rooms(room_ids: Collection[int]) -> list[Room]:
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
    with bulk.kept_cursor() as cursor:
        cursor.execute(wanted + _ROOMS_OF, values)
        for person, room in cursor.fetchall():
            found[person].add(room)
    return found


_ROOMS_OF = "SELECT m.user_id, m.room_id FROM asked CROSS JOIN klatch_membership m WHERE m.user_id = asked.person"


def locked_memberships(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Those of these (room, person) that are memberships, each with the row's id; locked by id."""
    # One order for every process, or two would wait for each other: a single UPDATE locks as it likes.
    order = "ORDER BY m.id FOR NO KEY UPDATE OF m" if connection.features.has_select_for_update else ""
    return _of_members("SELECT m.room_id, m.user_id, m.id", "", pairs, order)


def standing(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Those of these (room, person) that are memberships, each with the number of the room's last event by then."""
    return _of_members("SELECT m.room_id, m.user_id, r.seq", "JOIN klatch_room r ON r.id = m.room_id", pairs)


def _of_members(
    what: str, join: str, pairs: Collection[tuple[int, int]], order: str = ""
) -> dict[tuple[int, int], int]:
    asked, values = bulk.asked(room=[room for room, _ in pairs], person=[person for _, person in pairs])
    # In this order on SQLite: each pair is looked up in the index.
    pairs_of = "FROM asked CROSS JOIN klatch_membership m"
    where = "WHERE m.room_id = asked.room AND m.user_id = asked.person"
    with bulk.kept_cursor() as cursor:
        cursor.execute(f"{asked} {what} {pairs_of} {join} {where} {order}", values)
        return {(room, person): found for room, person, found in cursor.fetchall()}


def sent_before(sent: Sequence[tuple[int, UUID]]) -> tuple[dict[tuple[int | None, UUID], Message], list[int]]:
    """The messages posted under these (author, client id); and an id for each that may be new, in ascending order.

    Both in one answer of PostgreSQL, which every batch waits for.
    """
    asked, values = bulk.asked(author=[author for author, _ in sent], client=[client for _, client in sent])
    with_ids = connection.vendor == "postgresql"
    with bulk.kept_cursor() as cursor:
        cursor.execute(asked + (_MESSAGES_OR_IDS if with_ids else _MESSAGES), values)
        rows = cursor.fetchall()
    new = [row[1] for row in rows] if with_ids else bulk.new_ids(Message, len(sent))
    ids = [row[0] for row in rows if row[0] is not None]
    known = {(row.author_id, row.client_id): row for row in Message.objects.filter(pk__in=ids)} if ids else {}
    return known, new


# One at a time, by the index: asked to join, PostgreSQL reads all messages of these authors in a young database.
_MESSAGE = "(SELECT m.id FROM klatch_message m WHERE m.author_id = asked.author AND m.client_id = asked.client)"
_MESSAGES = f"SELECT {_MESSAGE} FROM asked"  # noqa: S608 - as above
_MESSAGES_OR_IDS = f"SELECT {_MESSAGE}, {bulk.next_id(Message)} FROM asked"  # noqa: S608 - as above
