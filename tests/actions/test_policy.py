"""The decisions on their own: objects in, a refusal or nothing out, and no query."""

from types import SimpleNamespace
from typing import Any

import pytest

from klatch import policy
from klatch.errors import Archived, Forbidden, KlatchError
from klatch.models import Membership, Message, Room

ROLES = ("owner", "moderator", "member")


def person(key: int = 1, boss: bool = False) -> Any:
    return SimpleNamespace(pk=key, is_superuser=boss)


def inside(role: str, kind: str = "open", user: int = 1, archived: Any = None) -> Membership:
    return Membership(role=role, user_id=user, room=Room(kind=kind, archived_at=archived))


def allowed(check: Any, *given: Any) -> bool:
    try:
        assert check(*given) is None, "a decision answers by raising, never by a value"
    except KlatchError:
        return False
    return True


@pytest.mark.parametrize("boss", [False, True])
@pytest.mark.parametrize("kind", ["open", "private", "direct"])
@pytest.mark.parametrize("role", ROLES)
def test_who_moderates_and_who_owns(role: str, kind: str, boss: bool) -> None:
    me, mine = person(boss=boss), inside(role, kind)
    assert policy.moderates(me, mine) == (kind != "direct" and (boss or role != "member"))
    assert policy.owns(me, mine) == (kind != "direct" and (boss or role == "owner"))
    assert allowed(policy.check_change_room, me, mine) == policy.moderates(me, mine)
    assert allowed(policy.check_change_role, me, mine) == policy.owns(me, mine)
    assert allowed(policy.check_invite, me, mine) == (kind == "open" or policy.moderates(me, mine))
    assert allowed(policy.check_leave, mine) == (kind != "direct")


@pytest.mark.parametrize("mine", ROLES)
@pytest.mark.parametrize("theirs", ROLES)
def test_who_removes_whom(mine: str, theirs: str) -> None:
    expected = mine == "owner" or (mine == "moderator" and theirs == "member")
    assert allowed(policy.check_remove, person(1), inside(mine), inside(theirs, user=2)) == expected
    assert allowed(policy.check_remove, person(1, boss=True), inside(mine), inside(theirs, user=2))
    assert not allowed(policy.check_remove, person(1), inside(mine), inside(mine, user=1))


def test_an_archived_room_takes_no_writing_from_anybody() -> None:
    closed = Room(kind="open", archived_at="now")
    message = Message(author_id=1, room=closed)
    owner = Membership(role="owner", user_id=1, room=closed)
    for check, given in (
        (policy.check_post, (closed,)),
        (policy.check_edit, (person(), message)),
        (policy.check_delete, (person(), message, owner)),
        (policy.check_invite, (person(boss=True), owner)),
    ):
        with pytest.raises(Archived):
            check(*given)


def test_words_belong_to_their_author_even_before_a_superuser() -> None:
    message = Message(author_id=2, room=Room(kind="open"))
    for me in (person(1), person(1, boss=True)):
        with pytest.raises(Forbidden):
            policy.check_edit(me, message)
    orphan = Message(author_id=None, room=Room(kind="open"))
    with pytest.raises(Forbidden):
        policy.check_edit(person(1), orphan)
    assert allowed(policy.check_edit, person(2), message)


def test_a_decision_asks_the_database_nothing() -> None:
    # Without the mark that lets a test use the database, any query above or here would fail.
    assert allowed(policy.check_post, Room(kind="open"))
