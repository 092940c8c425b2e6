"""Words that go on: whatever was said, changed and taken back, a search finds what reading every message would."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch
from klatch import proof, results, search
from klatch.actions import messages
from klatch.models import Message, Room
from klatch.text.search import Phrase, parse_query, tokens
from tests.conftest import make_room, make_user

pytestmark = pytest.mark.django_db

WORDS = [
    *("meet", "meets", "meeting", "meetings", "meetup", "meetups", "meetx1", "me", "men", "mé", "rmeet", "r1", "r12"),
    *("встреча", "встречи", "встрече", "встречами", "встретить", "회의", "회의는", "회의가", "会議", "会議室", "ねこ"),
    *(
        "don't",
        "don",
        "donut",
        "tea",
        "team",
        "teams",
        "foo_bar",
        "foo_barn",
        "हिन्दी",
        "हिन्द",
        "𞤀𞤣",
        "𞤀𞤣𞤤",
        "2024",
        "20245",
    ),
]
QUERIES = [
    *("me", "meet", "meeti", "meetings", "mee tea", "tea mee", '"meet tea"', '"tea" meet', "r", "r1", "встреч", "встр"),
    *(
        "회",
        "회의",
        "会議",
        "会議 mee",
        "don't",
        "don te",
        "foo_ba",
        "हिन्",
        "𞤀𞤣",
        "202",
        "20245",
        "zz",
        "team meetup mee",
    ),
]
BODY = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
DEED = st.tuples(st.sampled_from(["post", "post", "post", "edit", "delete"]), BODY, st.integers(0, 30), st.booleans())


def has(words: Sequence[str], phrase: Phrase) -> bool:
    count = len(phrase.words)
    *first, last = phrase.words
    return any(
        list(words[at : at + count - 1]) == first
        and (words[at + count - 1] == last or (phrase.prefix and words[at + count - 1].startswith(last)))
        for at in range(len(words) - count + 1)
    )


def read_everything(q: str, room: Room) -> list[int]:
    phrases = parse_query(q)
    rows = Message.objects.filter(room=room, deleted_at=None).order_by("-pk")
    return [row.pk for row in rows if phrases and all(has(tokens(row.body), phrase) for phrase in phrases)]


def search_everything(user: Any, q: str, limit: int) -> list[int]:
    found: list[int] = []
    before = None
    while True:
        page, before = results.page(user, q, None, before, limit)
        found += [hit.version.id for hit in page]
        if before is None:
            return found


@pytest.mark.parametrize(("newest", "named"), [(1_000, 50), (3, 2), (1, 1), (4, 50), (1_000, 3)])
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, min_size=5, max_size=16), limit=st.integers(1, 6))
def test_a_search_finds_what_reading_every_message_would(deeds: list[Any], limit: int, newest: int, named: int) -> None:
    rosa, ben = make_user(), make_user()
    mine, other = make_room(rosa, ben), make_room(ben)
    bounds = search.NEWEST, search.MOST_NAMED
    search.NEWEST, search.MOST_NAMED = newest, named
    try:
        for what, body, which, elsewhere in deeds:
            posted = list(Message.objects.filter(room=mine, deleted_at=None, author=rosa).order_by("pk"))
            if what == "post" or not posted:
                room = other if elsewhere else mine
                klatch.post(room, ben if elsewhere else rosa, body)
            elif what == "edit":
                messages.edit(rosa, posted[which % len(posted)].pk, body)
            else:
                messages.delete(rosa, posted[which % len(posted)].pk)
        for q in QUERIES:
            assert search_everything(rosa, q, limit) == read_everything(q, mine), q
    finally:
        search.NEWEST, search.MOST_NAMED = bounds


def test_more_words_than_are_named_are_found_all_the_same() -> None:
    rosa = make_user()
    room = make_room(rosa)
    for number in range(search.MOST_NAMED + 5):
        klatch.post(room, rosa, f"plan{number}")
    last = klatch.post(room, rosa, "plank")
    klatch.post(room, rosa, "plantain without a k")
    assert len(search_everything(rosa, "plan", 40)) == search.MOST_NAMED + 7
    assert search_everything(rosa, "plank", 40) == [last.pk]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="names words on SQLite only")
def test_words_are_named_in_the_statement_that_looks_for_them() -> None:
    rosa = make_user()
    klatch.post(make_room(rosa), rosa, "meetings")
    with CaptureQueriesContext(connection) as captured:
        assert len(search_everything(rosa, "meet", 20)) == 1
    assert [query["sql"].split()[0] for query in captured] == ["CREATE", "SELECT"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's count of commits")
def test_a_search_commits_nothing_and_waits_for_no_writer(db: None) -> None:
    rosa = make_user()
    klatch.post(make_room(rosa), rosa, "meetings")
    connection.close()  # what belongs to the connection is made anew
    state = proof.state()
    assert len(search_everything(rosa, "meet", 20)) == 1
    assert proof.stands(state) == state.ahead
    assert not connection.connection.in_transaction


@pytest.mark.parametrize("newest", [0, 1, 2, 3, 4])
def test_none_is_lost_where_the_newest_end(newest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NEWEST", newest)
    rosa = make_user()
    room = make_room(rosa)
    posted = [klatch.post(room, rosa, f"figs and fig {number}").pk for number in range(4)]
    assert search_everything(rosa, "fig", 20) == posted[::-1]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="names words on SQLite only")
def test_each_word_that_begins_so_is_named_once_and_no_more_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    rosa = make_user()
    for body in ("meet", "meets meets", "meeting", "meets again", "men"):
        klatch.post(make_room(rosa), rosa, body)

    def asked(q: str) -> str:
        [(_, values)] = search.newest(parse_query(q), "", {}, None, 1)
        with connection.cursor() as cursor:
            cursor.execute(search._NAMED, values)
            return str(cursor.fetchone()[0])

    assert asked("tea meet") == 'words : (("meet" OR "meeting" OR "meets") AND "tea")'
    monkeypatch.setattr(search, "MOST_NAMED", 3)
    assert asked("meet") == 'words : (("meet" OR "meeting" OR "meets"))'
    monkeypatch.setattr(search, "MOST_NAMED", 2)
    assert asked("meet") == 'words : ("meet"*)'
