"""Who may do what to a room: the whole table, for every action and every way of standing to the room.

A closed account cannot ask for anything: that is tested where people log in (``tests/api``, ``tests/realtime``).
"""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from klatch import queries
from klatch.actions import accounts, directs, invites, members, messages, reactions, reads, rooms
from klatch.errors import KlatchError
from klatch.models import Event, Message
from tests.actions.conftest import INSIDE, OUTSIDE, Around, surroundings
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

Action = Callable[[Around, Any], Any]


def nothing_seen(**inside: str) -> dict[str, str]:
    """Whoever is outside cannot tell the room from one that does not exist."""
    return inside | dict.fromkeys(OUTSIDE, "not_found")


MEMBERS = nothing_seen(owner="ok", moderator="ok", member="ok", supermember="ok")
MODERATORS = nothing_seen(owner="ok", moderator="ok", member="forbidden", supermember="ok")
OWNERS = nothing_seen(owner="ok", moderator="forbidden", member="forbidden", supermember="ok")
NOBODY = nothing_seen(owner="forbidden", moderator="forbidden", member="forbidden", supermember="forbidden")
ANYBODY = dict.fromkeys(INSIDE + OUTSIDE, "ok")
NOT_THE_BANNED = ANYBODY | {"banned": "not_found"}

READING: dict[str, tuple[Action, dict[str, str]]] = {
    "history": (
        lambda on, me: queries.history(me, on.room.pk, before=None, after=None, around=None, limit=10),
        MEMBERS,
    ),
    "members": (lambda on, me: queries.members(me, on.room.pk, None), MEMBERS),
    "message": (lambda on, me: queries.message(me, on.message.pk), MEMBERS),
    "search": (lambda on, me: queries.found(me, "author", on.room.pk, None, 10), MEMBERS),
}
SPEAKING: dict[str, tuple[Action, dict[str, str]]] = {
    "post": (lambda on, me: messages.post(on.room, me, "hello"), MEMBERS),
    "reply": (lambda on, me: messages.post(on.room, me, "hello", reply_to=on.message), MEMBERS),
    "react": (lambda on, me: reactions.react(me, on.message.pk, "🎉", True), MEMBERS),
    "edit another's": (lambda on, me: messages.edit(me, on.message.pk, "twisted"), NOBODY),
    "delete another's": (lambda on, me: messages.delete(me, on.message.pk), MODERATORS),
    "read": (lambda on, me: reads.read(me, on.room.pk, 1), MEMBERS),
    "unread": (lambda on, me: reads.unread(me, on.room.pk, 1), MEMBERS),
}
GOVERNING: dict[str, tuple[Action, dict[str, str]]] = {
    "rename": (lambda on, me: rooms.change_room(me, on.room.pk, name=f"new {uuid.uuid4()}"), MODERATORS),
    "archive": (lambda on, me: rooms.change_room(me, on.room.pk, archived=True), MODERATORS),
    "remove a member": (lambda on, me: members.remove(me, on.room.pk, on["author"].pk), MODERATORS),
    "remove a moderator": (lambda on, me: members.remove(me, on.room.pk, on["second"].pk), OWNERS),
    "remove oneself": (lambda on, me: members.remove(me, on.room.pk, me.pk), NOBODY),
    "promote": (lambda on, me: members.change_role(me, on.room.pk, on["author"].pk, "owner"), OWNERS),
    "demote": (lambda on, me: members.change_role(me, on.room.pk, on["second"].pk, "member"), OWNERS),
    "leave": (lambda on, me: members.leave(me, on.room.pk), MEMBERS),
}
INVITING: dict[str, Action] = {
    "invite": lambda on, me: members.invite(me, on.room.pk, [make_user().pk]),
    "make a link": lambda on, me: invites.create_invite(me, on.room),
}
BRINGING_BACK: Action = lambda on, me: members.invite(me, on.room.pk, [on["banned"].pk])  # noqa: E731
JOINING: Action = lambda on, me: members.join(me, on.room.pk)  # noqa: E731
REDEEMING: Action = lambda on, me: invites.redeem_invite(me, on.secret)  # noqa: E731

TABLE = [
    *((kind, name, *row) for kind in ("open", "private") for name, row in (READING | SPEAKING | GOVERNING).items()),
    *(("open", name, action, MEMBERS) for name, action in INVITING.items()),
    *(("private", name, action, MODERATORS) for name, action in INVITING.items()),
    *((kind, "bring back", BRINGING_BACK, MODERATORS) for kind in ("open", "private")),
    ("open", "join", JOINING, NOT_THE_BANNED),
    ("private", "join", JOINING, MEMBERS),
    *((kind, "redeem", REDEEMING, NOT_THE_BANNED) for kind in ("open", "private")),
]


def outcome(action: Action, on: Around, me: Any) -> str:
    """What came of it; everything it did is undone."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                action(on, me)
            said = "ok"
        except KlatchError as refused:
            said = refused.code
        transaction.set_rollback(True)
    return said


@pytest.mark.parametrize(("kind", "action", "expected"), [(row[0], row[2], row[3]) for row in TABLE],
                         ids=[f"{row[0]}-{row[1]}" for row in TABLE])  # fmt: skip
def test_each_standing_may_do_exactly_what_the_table_says(kind: str, action: Action, expected: dict[str, str]) -> None:
    on = surroundings(kind)
    assert {who: outcome(action, on, on[who]) for who in expected} == expected


def test_a_room_that_does_not_exist_and_one_that_is_not_yours_are_refused_in_the_same_words() -> None:
    on = surroundings("private")
    missing = Around(type(on.room)(pk=10**9), on.people, Message(pk=10**9), "forged")
    for name, (action, _) in (READING | SPEAKING | GOVERNING).items():
        said = []
        for place in (on, missing):
            with pytest.raises(KlatchError) as refused:
                action(place, on["stranger"])
            said.append(refused.value.as_dict())
        assert said[0] == said[1], name


def test_whoever_is_refused_has_changed_nothing() -> None:
    on = surroundings("private")
    before = list(Event.objects.order_by("pk").values_list("pk", flat=True))
    for action, expected in (SPEAKING | GOVERNING).values():
        for who, said in expected.items():
            if said != "ok":
                with pytest.raises(KlatchError):
                    action(on, on[who])
    assert list(Event.objects.order_by("pk").values_list("pk", flat=True)) == before


@pytest.mark.parametrize(
    "action", [action for action, _ in (SPEAKING | GOVERNING).values()], ids=list(SPEAKING | GOVERNING)
)
def test_superusers_stay_outside_direct_conversations_and_members_cannot_govern_them(action: Action) -> None:
    rosa, ben, boss = make_user(), make_user(), make_user(is_superuser=True)
    room = directs.open_direct(rosa, [ben.pk])
    message = messages.post(room, rosa, "between us")
    on = Around(room, {"author": rosa, "second": rosa}, message, "")
    assert outcome(action, on, boss) == "not_found"
    if action in [row[0] for row in GOVERNING.values()]:
        assert outcome(action, on, ben) == "forbidden"
    if action is SPEAKING["delete another's"][0]:
        assert outcome(action, on, ben) == "forbidden"


def test_who_is_in_a_room_as_a_superuser_cannot_govern_a_direct_conversation_of_their_own() -> None:
    boss, ben = make_user(is_superuser=True), make_user()
    room = directs.open_direct(boss, [ben.pk])
    message = messages.post(room, ben, "mine")
    on = Around(room, {"author": ben, "second": ben}, message, "")
    for name, (action, _) in GOVERNING.items():
        assert outcome(action, on, boss) == "forbidden", name
    assert outcome(SPEAKING["delete another's"][0], on, boss) == "forbidden"
    assert outcome(INVITING["invite"], on, boss) == "forbidden"
    assert outcome(INVITING["make a link"], on, boss) == "forbidden"


def test_only_a_superuser_closes_accounts_and_never_their_own() -> None:
    boss, rosa = make_user(is_superuser=True), make_user()
    for action in (accounts.deactivate, accounts.reactivate):
        for actor, target in ((rosa, boss), (boss, boss)):
            with pytest.raises(KlatchError) as refused:
                action(actor, target)
            assert refused.value.code == "forbidden"
    accounts.deactivate(boss, rosa)
    rosa.refresh_from_db()
    assert not rosa.is_active
    accounts.reactivate(boss, rosa)
    rosa.refresh_from_db()
    assert rosa.is_active


def test_a_closed_account_cannot_be_found_invited_or_written_to() -> None:
    rosa, gone = make_user(), make_user(is_active=False)
    room = rooms.create_room(rosa, name="somewhere")
    assert gone not in queries.people(rosa, None)
    with pytest.raises(KlatchError):
        members.invite(rosa, room.pk, [gone.pk])
    with pytest.raises(KlatchError):
        directs.open_direct(rosa, [gone.pk])
