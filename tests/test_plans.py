"""How the database runs what is asked often: by an index, never through a whole table, never by sorting one."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import klatch
from klatch import commands, encoded, lookups, proof, protocol, queries, search
from klatch.actions import directs, messages, reactions, rooms
from klatch.models import Membership, Message
from klatch.models.event import IS_MODERATED
from klatch.realtime import resume
from tests.conftest import make_room, make_user

pytestmark = pytest.mark.django_db

# What may be sorted, because it is never more than one page, one person's rooms, or one batch.
SORTED = (
    'ORDER BY "klatch_reaction"."id"',  # of the messages of a page
    "WHERE message_id = m.id ORDER BY id",  # of one message
    "json_agg(json_build_array(emoji, user_id) ORDER BY id)",
    'ORDER BY "klatch_room"."active_at" DESC LIMIT',  # one's own rooms
    'ORDER BY "klatch_event"."id" ASC',  # who came and went in the last rows of the log
    "unnest(",  # what is asked for by number
    "FOR UPDATE",  # the rooms of a batch
)
# What goes to the newest row of all and stops there.
FIRST_ROW = re.compile(r'FROM "klatch_(event|epoch)" ORDER BY (1|"klatch_\w+"."id") DESC LIMIT 1$')


def plan_faults(sql: str) -> list[str]:
    """What is wrong with the plan of a query."""
    if FIRST_ROW.search(sql):
        return []
    may_sort = any(allowed in sql for allowed in SORTED)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
            steps = [row[3] for row in cursor.fetchall()]
            return [
                step
                for step in steps
                if re.match(r"SCAN (klatch_(?!search)|[mrq]\b|mine\b|message\b)", step)
                or ("TEMP B-TREE FOR ORDER BY" in step and not may_sort)
                or ("TEMP B-TREE FOR RIGHT PART" in step and not may_sort)
            ]
        # A table of ten rows is read whole by right: what matters is whether there is another way.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}")
        (found,) = cursor.fetchone()
        plan = json.loads(found) if isinstance(found, str) else found
        return _postgres_faults(plan[0]["Plan"], may_sort or "klatch_search" in sql)


def _postgres_faults(node: dict[str, Any], may_sort: bool) -> list[str]:
    wrong = []
    if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith("klatch_"):
        wrong.append(f"Seq Scan on {node['Relation Name']}")
    if node["Node Type"] in ("Sort", "Incremental Sort") and not may_sort:
        wrong.append(f"Sort by {node['Sort Key']}")
    return wrong + [fault for child in node.get("Plans", ()) for fault in _postgres_faults(child, may_sort)]


def faults_of(run: Callable[[], Any]) -> dict[str, list[str]]:
    encoded.forget()
    with CaptureQueriesContext(connection) as captured:
        run()
    asked = [query["sql"] for query in captured if query["sql"].startswith(("SELECT", "WITH"))]
    assert asked
    return {sql: wrong for sql in asked if (wrong := plan_faults(sql))}


def make() -> tuple[Any, Any, Any]:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    first = klatch.post(room, rosa, "word one")
    klatch.post(room, ben, "word two", reply_to=first)
    reactions.react(ben, first.pk, "🎉", True)
    rooms.change_room(rosa, room.pk, name=f"plans {room.pk}")
    directs.open_direct(rosa, [ben.pk])
    return rosa, room, first


def asked(kind: type[protocol.Request], **values: Any) -> Any:
    return protocol.parse(kind, values)


HOT: dict[str, Callable[[Any, Any, Any], Any]] = {
    "history": lambda rosa, room, first: commands.history(rosa, asked(protocol.History, room=room.pk)),
    "before": lambda rosa, room, first: commands.history(rosa, asked(protocol.History, room=room.pk, before=2)),
    "after": lambda rosa, room, first: commands.history(rosa, asked(protocol.History, room=room.pk, after=1)),
    "around": lambda rosa, room, first: commands.history(rosa, asked(protocol.History, room=room.pk, around=1)),
    "rooms": lambda rosa, room, first: commands.list_rooms(rosa, asked(protocol.Rooms)),
    "search": lambda rosa, room, first: commands.search(rosa, asked(protocol.Search, q="word")),
    "search in a room": lambda rosa, room, first: commands.search(rosa, asked(protocol.Search, q="wo", room=room.pk)),
    "members": lambda rosa, room, first: queries.members(rosa, room.pk, None),
    "members, further": lambda rosa, room, first: queries.members(rosa, room.pk, "1"),
    "hello": lambda rosa, room, first: resume.read([resume.Hello(rosa, None, {})]),
    "resume": lambda rosa, room, first: resume.read_room(rosa, room.pk, 1),
    "proof": lambda rosa, room, first: lookups.standing([(room.pk, rosa.pk), (room.pk + 1, rosa.pk)]),
    "touched": lambda rosa, room, first: proof.touched(room.pk, 1, 3),
    "who left": lambda rosa, room, first: queries.left_since(room.pk, 1),
    "look at the log": lambda rosa, room, first: (
        queries.last_event_id(),
        queries.heads([room.pk]),
        queries.membership_events(0),
    ),
    "post": lambda rosa, room, first: klatch.post(room, rosa, "another", reply_to=first),
    "edit": lambda rosa, room, first: messages.edit(rosa, first.pk, "word again"),
    "react": lambda rosa, room, first: reactions.react(rosa, first.pk, "👍", True),
}


@pytest.mark.parametrize("what", HOT)
def test_it_costs_no_more_however_many_messages_and_members_there_are(what: str) -> None:
    rosa, room, first = make()
    assert faults_of(lambda: HOT[what](rosa, room, first)) == {}


@pytest.mark.parametrize("what", ["search", "search in a room"])
def test_nor_does_a_search_behind_many_newer_messages_of_others(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rosa, room, first = make()
    monkeypatch.setattr(search, "NEWEST", 0)
    assert faults_of(lambda: HOT[what](rosa, room, first)) == {}


def test_few_rows_of_a_long_table_are_read_from_an_index_of_just_these() -> None:
    rosa, room, first = make()
    with CaptureQueriesContext(connection) as captured:
        HOT["history"](rosa, room, first)
    [notices] = [query["sql"] for query in captured if "message_id IS NULL" in query["sql"]]
    moderated = f"SELECT id FROM klatch_event WHERE {IS_MODERATED} ORDER BY at DESC, id DESC LIMIT 50"
    for index, sql in (("klatch_notices", notices), ("klatch_moderated", moderated)):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"{'EXPLAIN QUERY PLAN' if connection.vendor == 'sqlite' else 'EXPLAIN'} {sql}")
            assert index in str(cursor.fetchall())


def test_what_refers_to_who_or_what_goes_is_not_looked_for_in_every_message() -> None:
    rosa = make_user()
    room = make_room(rosa, *(make_user() for _ in range(9)))
    # Nobody replies to anything: an index of all rows would have one entry a thousand times, and not be used.
    posted = messages.post_many([messages.Draft(rosa, room.pk, uuid.uuid4(), "words") for _ in range(1_000)])
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        Message.objects.filter(pk__in=[row.pk for row in posted[:5] if isinstance(row, Message)]).delete()
        rosa.delete()
    changes = [query["sql"] for query in captured if query["sql"].startswith(("DELETE", "UPDATE"))]
    assert any('SET "reply_to_id"' in sql for sql in changes)
    assert any('UPDATE "klatch_event"' in sql and "user_id" in sql for sql in changes)
    assert {sql: wrong for sql in changes if (wrong := plan_faults(sql))} == {}


@pytest.mark.parametrize(
    "query",
    [
        lambda: Membership.objects.filter(role="owner"),
        lambda: Membership.objects.filter(room_id=1).order_by("joined_at"),
    ],
)
def test_a_query_without_its_index_is_noticed(query: Callable[[], Any]) -> None:
    assert faults_of(lambda: list(query())) != {}
