"""What rooms are called, where they are found, and who owns them in the end."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.urls import resolve

from klatch import commands, protocol, queries
from klatch.actions import members, rooms
from klatch.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound
from klatch.models import Ban, Event, Membership, Room
from klatch.signals import room_created
from tests.conftest import make_room, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Kitchen Talk", "kitchen-talk"),
        ("  Küche & Herd ", "küche-herd"),
        ("雑談", "雑談"),
        ("Общий чат", "общий-чат"),
        ("한국어 방", "한국어-방"),
        ("ＦＵＬＬ", "full"),
    ],
)
def test_an_open_room_has_the_address_of_its_name_in_its_own_alphabet(name: str, slug: str) -> None:
    assert rooms.create_room(make_user(), name=name).slug == slug


@pytest.mark.parametrize("name", ["🎉", "???", "new", "New", "ALL", "..."])
def test_names_that_make_no_address_or_a_reserved_one_get_random_letters(name: str) -> None:
    rosa = make_user()
    first, second = rooms.create_room(rosa, name=name), rooms.create_room(rosa, name=name)
    assert first.slug not in rooms.RESERVED
    assert re.fullmatch(r"\w+-[0-9a-f]{8}", first.slug)
    assert first.slug != second.slug


@pytest.mark.parametrize("slug", ["lobby", "küche", "雑談", "i18n.jsx", "dm-0123456789abcdef"])
def test_every_address_leads_to_the_page_of_a_room(slug: str) -> None:
    assert resolve(f"/talk/chat/{slug}/").kwargs["slug"] == slug


def test_two_open_rooms_cannot_share_a_name_and_nothing_is_made() -> None:
    rosa, ben = make_user(), make_user()
    rooms.create_room(rosa, name="Kitchen")
    with pytest.raises(Conflict) as refused:
        rooms.create_room(ben, name="kitchen")
    assert refused.value.extra == {"fields": {"name": "taken"}}
    assert Room.objects.count() == 1
    assert Event.objects.count() == 1


def test_private_rooms_never_conflict_and_their_addresses_cannot_be_guessed_from_the_name() -> None:
    rosa, ben = make_user(), make_user()
    secret = rooms.create_room(rosa, name="Layoffs", kind="private")
    assert re.fullmatch(r"layoffs-[0-9a-f]{8}", secret.slug)
    rooms.create_room(ben, name="Layoffs", kind="private")
    rooms.create_room(ben, name="Layoffs")


def test_the_address_stays_when_a_room_is_renamed() -> None:
    rosa = make_user()
    room = rooms.create_room(rosa, name="old")
    rooms.change_room(rosa, room.pk, name="new name", description="x")
    room.refresh_from_db()
    assert (room.slug, room.name, room.description) == ("old", "new name", "x")


def test_a_change_tells_the_old_values_of_what_changed_and_no_change_tells_nothing() -> None:
    rosa = make_user()
    room = rooms.create_room(rosa, name="old")
    rooms.change_room(rosa, room.pk, name="old", description="", archived=False)
    assert not Event.objects.filter(kind="room.changed").exists()
    rooms.change_room(rosa, room.pk, name="other", archived=True)
    assert Event.objects.get(kind="room.changed").data == {"before": {"name": "old", "archived": False}}


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\u202eb", "a\tb", "\x07ab"])
def test_a_name_has_no_controls_and_stands_on_one_line(name: str) -> None:
    rosa = make_user()
    room = rooms.create_room(rosa, name=name, description=name)
    assert re.fullmatch(r"a ?b", room.name)
    assert "\x00" not in room.description
    assert "\u202e" not in room.description
    rooms.change_room(rosa, room.pk, name=f"new{name}", description=name)
    room.refresh_from_db()
    assert re.fullmatch(r"newa ?b", room.name)


@pytest.mark.parametrize("name", ["\u200b", "\x00", "\u2060\u200d"])
def test_a_name_that_shows_nothing_is_refused(name: str) -> None:
    rosa = make_user()
    room = rooms.create_room(rosa, name="fine")
    for action in (lambda: rooms.create_room(rosa, name=name), lambda: rooms.change_room(rosa, room.pk, name=name)):
        with pytest.raises(Invalid) as refused:
            action()
        assert "name" in refused.value.extra["fields"]


@pytest.mark.django_db(transaction=True)
def test_making_a_room_is_announced_to_the_project_once_it_is_stored_and_makes_the_maker_its_owner() -> None:
    rosa = make_user()
    heard: list[Room] = []

    def listen(room: Room, **kwargs: object) -> None:
        heard.append(room)
        raise RuntimeError("a fault of the project")

    room_created.connect(listen)
    with suppress(ZeroDivisionError), transaction.atomic():
        rooms.create_room(rosa, name="never")
        raise ZeroDivisionError
    assert heard == []
    room = rooms.create_room(rosa, name="here")
    assert heard == [room]
    room_created.disconnect(listen)
    mine = queries.membership(rosa, room.pk)
    assert (mine.role, mine.room.members) == ("owner", 1)


@pytest.mark.django_db(transaction=True)
def test_a_room_that_its_maker_cannot_enter_is_not_made(settings: Any) -> None:
    settings.KLATCH = {"ROOMS_PER_USER": 0}
    with pytest.raises(LimitReached):
        rooms.create_room(make_user(), name="nobody's")
    assert not Room.objects.exists()


def listed(user: Any, **asked: Any) -> list[tuple[int, bool]]:
    reply = commands.list_rooms(user, protocol.parse(protocol.Rooms, asked))
    return [(room["id"], room["member"]) for room in json.loads(protocol.encode(reply))["rooms"]]


def test_the_directory_lists_open_rooms_and_ones_own_but_no_foreign_private_direct_or_archived_ones() -> None:
    rosa, ben = make_user(), make_user()
    lobby = rooms.create_room(rosa, name="lobby")
    attic = rooms.create_room(rosa, name="attic")
    rooms.create_room(rosa, name="secret", kind="private")
    shared = make_room(rosa, ben, name="shared", kind="private")
    rooms.change_room(rosa, attic.pk, archived=True)
    assert listed(ben) == [(shared.pk, True), (lobby.pk, False)]
    assert listed(ben, q="LOB") == [(lobby.pk, False)]
    assert listed(ben, q="SHA") == [(shared.pk, True)]
    with pytest.raises(NotFound):
        members.join(ben, attic.pk)


@pytest.mark.parametrize("cursor", ["-1", "x", "", "1e3", "٣", "9" * 19])
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    rosa = make_user()
    room = make_room(rosa)
    with pytest.raises(Invalid):
        listed(rosa, after=cursor)
    with pytest.raises(Invalid):
        queries.members(rosa, room.pk, cursor)


def roles(room: Room) -> dict[int, str]:
    return dict(Membership.objects.filter(room=room).values_list("user_id", "role"))


def test_the_last_owner_who_leaves_passes_the_room_to_the_first_moderator() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    room = make_room(rosa, ben, cleo)
    members.change_role(rosa, room.pk, cleo.pk, "moderator")
    members.leave(rosa, room.pk)
    assert roles(room) == {ben.pk: "member", cleo.pk: "owner"}
    kinds = list(Event.objects.filter(room=room).order_by("-seq").values_list("kind", flat=True)[:2])
    assert kinds == ["member.changed", "member.left"]


def test_without_a_moderator_the_member_of_longest_standing_inherits_and_closed_accounts_do_not() -> None:
    rosa, gone, ben, cleo = make_user(), make_user(), make_user(), make_user()
    room = make_room(rosa, gone, ben, cleo)
    gone.is_active = False
    gone.save()
    members.leave(rosa, room.pk)
    assert roles(room) == {gone.pk: "member", ben.pk: "owner", cleo.pk: "member"}


def test_an_owner_who_is_not_the_last_just_goes_and_an_empty_room_stays() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    members.change_role(rosa, room.pk, ben.pk, "owner")
    members.leave(rosa, room.pk)
    assert roles(room) == {ben.pk: "owner"}
    members.leave(ben, room.pk)
    assert roles(room) == {}
    assert Room.objects.get(pk=room.pk).members == 0


def test_the_last_owner_cannot_step_down_but_can_after_naming_another() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    with pytest.raises(Forbidden):
        members.change_role(rosa, room.pk, rosa.pk, "member")
    members.change_role(rosa, room.pk, ben.pk, "owner")
    members.change_role(rosa, room.pk, rosa.pk, "member")
    assert roles(room) == {rosa.pk: "member", ben.pk: "owner"}
    assert members.change_role(ben, room.pk, rosa.pk, "member") is None


def test_a_removed_person_stays_out_until_a_moderator_brings_them_back() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    room = make_room(rosa, ben, cleo)
    members.remove(rosa, room.pk, ben.pk)
    with pytest.raises(NotFound):
        members.join(ben, room.pk)
    with pytest.raises(Forbidden):
        members.invite(cleo, room.pk, [ben.pk])
    assert members.invite(rosa, room.pk, [ben.pk]) == 1
    assert not Ban.objects.exists()
    members.leave(ben, room.pk)
    members.join(ben, room.pk)


def test_who_left_by_themselves_may_come_back_by_themselves() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    members.leave(ben, room.pk)
    members.join(ben, room.pk)
    assert queries.membership(ben, room.pk).role == "member"


def test_inviting_who_is_there_already_is_no_news_and_one_unknown_person_spoils_the_whole() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    room = make_room(rosa, ben)
    assert members.invite(rosa, room.pk, [ben.pk, cleo.pk]) == 1
    dan = make_user()
    with pytest.raises(NotFound):
        members.invite(rosa, room.pk, [dan.pk, 10**9])
    assert dan.pk not in roles(room)


def test_new_accounts_join_the_rooms_for_everybody_and_only_those() -> None:
    rosa, ben = make_user(), make_user()
    lobby = rooms.create_room(rosa, name="lobby", everybody=True)
    rooms.create_room(rosa, name="other")
    closed = rooms.create_room(rosa, name="closed", everybody=True)
    rooms.change_room(rosa, closed.pk, archived=True)
    members.admit(ben)
    members.admit(ben)
    assert [row.room_id for row in queries.my_memberships(ben)] == [lobby.pk]
    assert Room.objects.get(pk=lobby.pk).members == 2
