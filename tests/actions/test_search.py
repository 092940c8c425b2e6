"""Search through the real index: five languages, only one's own rooms, never behind what is written."""

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import klatch
from klatch import results, search
from klatch.actions import members, messages
from klatch.errors import NotFound
from klatch.models import Membership, Message, Room
from tests.conftest import make_room, make_user

pytestmark = pytest.mark.django_db


def hits(user: Any, q: str, room: Room | None = None, **more: Any) -> list[str]:
    given = {"before": None, "limit": 20} | more
    found = results.page(user, q, room.pk if room else None, **given)[0]
    return [Message.objects.get(pk=hit.version.id).body for hit in found]


SPOKEN = [
    "The kitchen is closed on Friday, don't forget the café",
    "明日の会議は東京タワーで行います",
    "猫がいる",
    "今天下午三點開會，請準時",
    "我喜歡喝茶",
    "오늘 회의는 취소되었습니다",
    "Ёжик пришёл на встречу вовремя",
    "СРОЧНО: сервер упал",
    "see https://example.com/path?x=1 and foo_bar",
    "C++ & <script>alert(1)</script>",
]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("kitchen", 0),
        ("KITCHEN friday", 0),
        ("kitch", 0),
        ("cafe", 0),
        ("café", 0),
        ("don't", 0),
        ("会議", 1),
        ("東京", 1),
        ("東京タワー", 1),
        ("明", 1),
        ("猫", 2),
        ("ねこ", None),
        ("開會", 3),
        ("茶", 4),
        ("喝茶", 4),
        ("茶喝", None),
        ("회의", 5),
        ("취소", 5),
        ("ежик", 6),
        ("ёжик", 6),
        ("ВСТРЕЧ", 6),
        ("срочно", 7),
        ("сервер упал", 7),
        ('"упал сервер"', None),
        ("example.com", 8),
        ("foo_bar", 8),
        ("script", 9),
        ("nothing like it", None),
        ("r1", None),
    ],
)
def test_each_language_is_found_by_its_own_words(q: str, found: int | None) -> None:
    rosa = make_user()
    room = make_room(rosa)
    for body in SPOKEN:
        klatch.post(room, rosa, body)
    assert hits(rosa, q) == ([] if found is None else [SPOKEN[found]])


@pytest.mark.parametrize(
    "q", ["", "   ", '"', "*", "()", "AND OR NOT", "words:x", "NEAR(a b)", "-", "🎉", "^", "{a}", "\\"]
)
def test_a_query_is_words_and_never_a_language(q: str) -> None:
    rosa = make_user()
    klatch.post(make_room(rosa), rosa, "something else")
    assert hits(rosa, q) == []


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=200))
def test_no_query_breaks_the_search(q: str) -> None:
    rosa = make_user()
    make_room(rosa)
    hits(rosa, q)


def test_an_edit_is_found_by_its_new_words_only_and_a_deletion_by_none() -> None:
    rosa = make_user()
    room = make_room(rosa)
    message = klatch.post(room, rosa, "kettle")
    messages.edit(rosa, message.pk, "teapot")
    assert (hits(rosa, "kettle"), hits(rosa, "teapot")) == ([], ["teapot"])
    messages.delete(rosa, message.pk)
    assert hits(rosa, "teapot") == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM klatch_search")
        assert cursor.fetchone() == (0,)


def test_one_finds_only_what_was_said_in_ones_own_rooms() -> None:
    rosa, ben = make_user(), make_user()
    here, there = make_room(rosa, ben), make_room(rosa, kind="private")
    klatch.post(here, rosa, "apple here")
    klatch.post(there, rosa, "apple there")
    assert hits(rosa, "apple") == ["apple there", "apple here"]
    assert hits(rosa, "apple", here) == ["apple here"]
    assert hits(ben, "apple") == ["apple here"]
    with pytest.raises(NotFound):
        hits(ben, "apple", there)
    members.leave(ben, here.pk)
    assert hits(ben, "apple") == []
    assert hits(make_user(is_superuser=True), "apple") == []


def test_the_number_of_a_room_is_matched_whole() -> None:
    rosa = make_user()
    wanted = [make_room(rosa) for _ in range(12)]
    for room in wanted:
        klatch.post(room, rosa, f"pear {room.pk}")
    assert hits(rosa, "pear", wanted[0]) == [f"pear {wanted[0].pk}"]


def test_pages_follow_one_another_without_a_gap_or_a_repeat() -> None:
    rosa = make_user()
    room = make_room(rosa)
    for number in range(7):
        klatch.post(room, rosa, f"plum {number}")
    seen: list[str] = []
    before = None
    while True:
        page, before = results.page(rosa, "plum", None, before, 3)
        seen += [Message.objects.get(pk=hit.version.id).body for hit in page]
        if before is None:
            break
    assert seen == [f"plum {number}" for number in reversed(range(7))]


def test_a_page_that_ends_exactly_has_no_next() -> None:
    rosa = make_user()
    room = make_room(rosa)
    for number in range(3):
        klatch.post(room, rosa, f"plum {number}")
    assert results.page(rosa, "plum", None, None, 3)[1] is None


def test_the_index_made_anew_finds_the_same() -> None:
    rosa = make_user()
    room = make_room(rosa)
    posted = [klatch.post(room, rosa, body) for body in SPOKEN]
    messages.delete(rosa, posted[0].pk)
    messages.edit(rosa, posted[1].pk, "changed 会議")
    questions = ["kitchen", "会議", "猫", "ежик", "회의", "茶", "changed"]
    before = [hits(rosa, q) for q in questions]
    assert search.rebuild() == len(SPOKEN) - 1
    assert [hits(rosa, q) for q in questions] == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM klatch_search")
        assert cursor.fetchone() == (len(SPOKEN) - 1,)


def test_a_row_that_the_index_kept_by_mistake_shows_nothing() -> None:
    rosa, ben = make_user(), make_user()
    room, other = make_room(rosa), make_room(ben)
    message = klatch.post(other, ben, "leak")
    search.change(message.pk, room.pk, "leak")
    assert hits(rosa, "leak") == []


def test_what_is_behind_many_newer_messages_of_others_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NEWEST", 3)
    rosa, ben, nobody = make_user(), make_user(), make_user()
    mine, also, other = make_room(rosa), make_room(rosa), make_room(ben)
    for number, room in enumerate([mine, also, other, mine, other, also, *[other] * 5]):
        klatch.post(room, room.created_by, f"fig {number}")
    klatch.post(other, ben, "figs")
    assert hits(rosa, "fig") == ["fig 5", "fig 3", "fig 1", "fig 0"]
    assert hits(rosa, "fig", mine) == ["fig 3", "fig 0"]
    assert hits(rosa, "fig", limit=2) == ["fig 5", "fig 3"]
    assert hits(nobody, "fig") == []


def test_somebody_in_very_many_rooms_can_search_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NEWEST", 0)
    rosa = make_user()
    many = Room.objects.bulk_create([Room(slug=f"room-{number}") for number in range(2_000)])
    Membership.objects.bulk_create([Membership(user=rosa, room=room) for room in many])
    klatch.post(many[777], rosa, "needle")
    assert hits(rosa, "needle") == ["needle"]
