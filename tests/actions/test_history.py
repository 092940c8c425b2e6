"""Pages of a room: the right messages, honest ends, notices in their places, and a constant number of queries."""

import itertools
import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch
from klatch import commands, history, protocol, queries
from klatch.actions import directs, members, messages, reactions, rooms
from klatch.errors import Invalid
from klatch.models import Event, Message
from tests.conftest import make_room, make_user
from tests.frames import check

pytestmark = pytest.mark.django_db


def page(user: Any, room: Any, **where: Any) -> dict[str, Any]:
    reply = commands.history(user, protocol.parse(protocol.History, {"room": room.pk, **where}))
    return check(json.loads(protocol.encode(reply)))


def positions(found: dict[str, Any]) -> list[int]:
    return [message["position"] for message in found["messages"]]


@pytest.fixture
def ten() -> tuple[Any, Any]:
    rosa = make_user()
    room = make_room(rosa)
    for number in range(1, 11):
        klatch.post(room, rosa, f"message {number}")
    return rosa, room


@pytest.mark.parametrize(
    ("where", "expected", "start", "end"),
    [
        ({"limit": 3}, [8, 9, 10], False, True),
        ({"limit": 100}, list(range(1, 11)), True, True),
        ({"before": 8, "limit": 3}, [5, 6, 7], False, False),
        ({"before": 4, "limit": 3}, [1, 2, 3], True, False),
        ({"before": 1, "limit": 3}, [], True, False),
        ({"before": 999, "limit": 2}, [9, 10], False, True),
        ({"after": 0, "limit": 3}, [1, 2, 3], True, False),
        ({"after": 7, "limit": 3}, [8, 9, 10], False, True),
        ({"after": 10, "limit": 3}, [], False, True),
        ({"after": 999, "limit": 3}, [], False, True),
        ({"around": 5, "limit": 4}, [3, 4, 5, 6], False, False),
        ({"around": 1, "limit": 4}, [1, 2, 3, 4], True, False),
        ({"around": 10, "limit": 1}, [10], False, True),
        ({"around": 999, "limit": 4}, [7, 8, 9, 10], False, True),
        ({"around": 9, "limit": 6}, [5, 6, 7, 8, 9, 10], False, True),
        ({"around": 999, "limit": 1}, [10], False, True),
    ],
)
def test_a_page_has_the_messages_asked_for_and_says_truly_where_the_room_starts_and_ends(
    ten: tuple[Any, Any], where: dict[str, int], expected: list[int], start: bool, end: bool
) -> None:
    found = page(*ten, **where)
    assert (positions(found), found["start"], found["end"]) == (expected, start, end)


@pytest.mark.parametrize("where", [{}, {"before": 5}, {"after": 0}, {"after": 5}, {"around": 3}])
def test_an_empty_room_starts_and_ends_at_once(where: dict[str, int]) -> None:
    rosa = make_user()
    found = page(rosa, make_room(rosa), **where)
    assert (found["messages"], found["start"], found["end"]) == ([], True, True)
    assert [notice["type"] for notice in found["notices"]] == ["member.joined"]


@pytest.mark.parametrize("where", [{"before": 2, "after": 1}, {"around": 1, "before": 3}, {"limit": 0}, {"limit": 101}])
def test_two_places_and_limits_out_of_bounds_are_refused(ten: tuple[Any, Any], where: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        page(*ten, **where)


def test_start_and_end_are_right_wherever_one_looks() -> None:
    rosa = make_user()
    room = make_room(rosa)
    for count in range(5):
        for kind, place, limit in itertools.product(("before", "after", "around"), range(7), (1, 2, 3)):
            if kind != "after" and place == 0:
                continue
            found = page(rosa, room, limit=limit, **{kind: place})
            there = positions(found)
            case = (count, kind, place, limit, there)
            assert len(there) <= limit, case
            if there:
                assert there == list(range(there[0], there[-1] + 1)), case
                assert (found["start"], found["end"]) == (there[0] == 1, there[-1] == count), case
            elif kind == "before":
                assert (found["start"], found["end"]) == (True, count == 0), case
            else:
                assert (found["start"], found["end"]) == (count == 0 or place == 0, True), case
                assert kind == "after" or count == 0, case
        klatch.post(room, rosa, f"{count}")


def room_with_notices(steps: list[str]) -> tuple[Any, Any]:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa)
    for number, step in enumerate(steps):
        if step == "post":
            klatch.post(room, rosa, f"{number}")
        elif step == "rename":
            rooms.change_room(rosa, room.pk, name=f"name {number}")
        elif queries.Membership.objects.filter(room=room, user=ben).exists():
            members.leave(ben, room.pk)
        else:
            members.join(ben, room.pk)
    return rosa, room


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["post", "post", "rename", "move"]), max_size=14),
    limit=st.integers(1, 4),
    way=st.sampled_from(["back", "forth"]),
)
def test_pages_that_adjoin_lose_no_notice_and_bring_none_twice(steps: list[str], limit: int, way: str) -> None:
    with transaction.atomic():
        rosa, room = room_with_notices(steps)
        seen: list[int] = []
        there: list[int] = []
        found = page(rosa, room, limit=limit, **({} if way == "back" else {"after": 0}))
        while True:
            seen += [notice["seq"] for notice in found["notices"]]
            there += positions(found)
            if not found["messages"] or found["start" if way == "back" else "end"]:
                break
            if way == "back":
                found = page(rosa, room, limit=limit, before=positions(found)[0])
            else:
                found = page(rosa, room, limit=limit, after=positions(found)[-1])
        wanted = (
            Event.objects.filter(room=room)
            .exclude(kind__startswith="message.")
            .exclude(kind__startswith="reaction.")
            .values_list("seq", flat=True)
        )
        assert sorted(seen) == sorted(wanted)
        assert sorted(there) == list(range(1, steps.count("post") + 1))
        transaction.set_rollback(True)


def test_a_notice_stands_with_the_message_that_it_follows() -> None:
    rosa, room = room_with_notices(["post", "move", "post", "rename", "post"])
    found = page(rosa, room, before=3, limit=1)
    assert [(notice["type"], positions(found)) for notice in found["notices"]] == [("room.changed", [2])]


def test_an_empty_page_at_the_end_brings_no_old_notices() -> None:
    rosa, room = room_with_notices(["move", "post", "move"])
    assert page(rosa, room, after=1)["notices"] == []


def test_a_deleted_message_is_a_tombstone_in_its_place_and_quotes_of_it_are_blank() -> None:
    rosa = make_user()
    room = make_room(rosa)
    first = klatch.post(room, rosa, "gone")
    reactions.react(rosa, first.pk, "🎉", True)
    klatch.post(room, rosa, "answer", reply_to=first)
    messages.delete(rosa, first.pk)
    tombstone, answer = page(rosa, room)["messages"]
    assert (tombstone["deleted"], tombstone["body"], tombstone["html"], tombstone["reactions"]) == (True, "", "", [])
    assert answer["reply_to"] == {
        "id": first.pk,
        "position": 1,
        "author": tombstone["author"],
        "excerpt": "",
        "deleted": True,
    }


def test_a_message_outlives_the_account_of_its_author() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    message = klatch.post(room, ben, "still here")
    klatch.post(room, rosa, "indeed", reply_to=message)
    ben.delete()
    first, answer = page(rosa, room)["messages"]
    assert (first["author"], first["body"], answer["reply_to"]["author"]) == (None, "still here", None)


def count_of(call: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return len(captured)


def busy_room(size: int) -> tuple[Any, Any]:
    rosa = make_user()
    people = [make_user() for _ in range(size)]
    room = make_room(rosa, *people)
    for number, person in enumerate(people):
        message = klatch.post(room, person, f"word {number}")
        klatch.post(room, rosa, "answer", reply_to=message)
        for other in people[:3]:
            reactions.react(other, message.pk, "🎉", True)
    rooms.change_room(rosa, room.pk, name=f"busy {size} {room.pk}")
    return rosa, room


def test_history_search_and_members_cost_the_same_number_of_queries_for_few_and_many() -> None:
    small, large = busy_room(2), busy_room(12)

    def costs(user: Any, room: Any) -> list[int]:
        ask = protocol.parse
        return [
            count_of(lambda: page(user, room, limit=50)),
            count_of(lambda: page(user, room, before=4, limit=50)),
            count_of(lambda: commands.search(user, ask(protocol.Search, {"q": "word"}))),
            count_of(lambda: commands.list_members(user, ask(protocol.Members, {"room": room.pk}))),
            count_of(lambda: queries.events_between(room.pk, 0, 10**6)),
        ]

    few, many = costs(*small), costs(*large)
    assert few == many
    assert max(many) <= 8


def test_my_rooms_and_a_welcome_cost_the_same_for_few_rooms_and_many() -> None:
    from klatch.realtime import resume

    rosa = make_user()

    def fill(number: int) -> None:
        for _ in range(number):
            room = make_room(rosa, make_user())
            klatch.post(room, rosa, "hello")
            directs.open_direct(rosa, [make_user().pk])

    fill(1)
    few = count_of(lambda: resume.read([resume.Hello(rosa, None, {})]))
    fill(6)
    assert count_of(lambda: resume.read([resume.Hello(rosa, None, {})])) == few
    assert count_of(lambda: queries.my_memberships(rosa)) == 2


def test_posting_costs_the_same_number_of_queries_in_a_room_of_two_and_of_many() -> None:
    small, large = busy_room(1), busy_room(10)
    costs = [count_of(lambda: klatch.post(room, user, "hello")) for user, room in (small, large)]  # noqa: B023
    assert costs[0] == costs[1]
    assert costs[0] <= 12


def test_the_messages_of_a_page_carry_their_reactions_in_the_order_they_came() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    message = klatch.post(room, rosa, "hello")
    for person, emoji in ((ben, "👍"), (rosa, "🎉"), (rosa, "👍")):
        reactions.react(person, message.pk, emoji, True)
    (found,) = page(rosa, room)["messages"]
    assert found["reactions"] == [
        {"emoji": "👍", "users": [ben.pk, rosa.pk]},
        {"emoji": "🎉", "users": [rosa.pk]},
    ]
    assert found["rev"] == Message.objects.get().rev


def test_a_page_of_very_long_messages_is_shorter_and_says_so(db: None) -> None:
    rosa = make_user()
    room = make_room(rosa)
    for number in range(1, 61):
        messages.post(room, rosa, f"{number} " + "x" * 9_000)
    newest = history.page(room.pk, history.Place(None, None, None, 60))
    assert 1 < len(newest.rows) < 60
    assert (newest.rows[-1].position, newest.start, newest.end) == (60, False, True)
    older = history.page(room.pk, history.Place(newest.rows[0].position, None, None, 60))
    assert older.rows[-1].position == newest.rows[0].position - 1
    middle = history.page(room.pk, history.Place(None, None, 30, 60))
    assert 30 in [row.position for row in middle.rows]
    assert (middle.start, middle.end) == (False, False)
