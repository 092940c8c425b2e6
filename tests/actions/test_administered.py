"""What lets people in or out is announced inside its transaction: a record of it is kept with it or not at all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch.actions import accounts, invites, tokens
from klatch.errors import Forbidden, NotFound
from klatch.models import Invite, Token
from klatch.signals import administered
from tests.conftest import make_room, make_user

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def said() -> Iterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []

    def hear(sender: Any, signal: Any, **about: Any) -> None:
        heard.append(about)

    administered.connect(hear, weak=False)
    yield heard
    administered.disconnect(hear)


def test_each_act_is_announced_once_with_who_and_whom_and_without_a_secret(said: list[dict[str, Any]]) -> None:
    boss, ada = make_user(is_superuser=True), make_user()
    room = make_room(boss, ada, name="Kitchen")
    row, secret = tokens.create_token(ada, "robot")
    tokens.revoke_token(ada, row.pk)
    invite, link = invites.create_invite(ada, room)
    invites.revoke_invite(boss, invite.pk)
    accounts.deactivate(boss, ada)
    accounts.deactivate(boss, ada)
    accounts.reactivate(boss, ada)
    assert [(one["act"], one["actor"], one.get("user"), one.get("words")) for one in said] == [
        ("token.made", ada, ada, "robot"),
        ("token.revoked", ada, ada, "robot"),
        ("invite.made", ada, None, "Kitchen"),
        ("invite.revoked", boss, ada, "Kitchen"),
        ("account.closed", boss, ada, None),
        ("account.opened", boss, ada, None),
    ]
    assert secret not in repr(said)
    assert link not in repr(said)


def test_what_is_refused_is_not_announced(said: list[dict[str, Any]]) -> None:
    boss, ada, eve = make_user(is_superuser=True), make_user(), make_user()
    row, _ = tokens.create_token(ada, "robot")
    invite, _ = invites.create_invite(ada, make_room(ada))
    said.clear()
    with pytest.raises(NotFound):
        tokens.revoke_token(eve, row.pk)
    with pytest.raises(NotFound):
        invites.revoke_invite(eve, invite.pk)
    with pytest.raises(Forbidden):
        accounts.deactivate(eve, ada)
    with pytest.raises(Forbidden):
        accounts.deactivate(boss, boss)
    assert said == []


class BrokenError(Exception):
    pass


def test_where_no_record_can_be_kept_nothing_is_done() -> None:
    boss, ada = make_user(is_superuser=True), make_user()
    room = make_room(boss, ada)
    kept, _ = tokens.create_token(ada, "robot")
    invite, _ = invites.create_invite(ada, room)

    def broken(sender: Any, **about: Any) -> None:
        raise BrokenError

    acts: list[Callable[[], Any]] = [
        lambda: tokens.create_token(ada, "other"),
        lambda: tokens.revoke_token(ada, kept.pk),
        lambda: tokens.revoke_all(ada, by=boss),
        lambda: invites.create_invite(ada, room),
        lambda: invites.revoke_invite(ada, invite.pk),
        lambda: accounts.deactivate(boss, User.objects.get(pk=ada.pk)),
    ]
    administered.connect(broken)
    try:
        for act in acts:
            with pytest.raises(BrokenError):
                act()
    finally:
        administered.disconnect(broken)
    assert Token.objects.filter(revoked_at=None).get() == kept
    assert Invite.objects.filter(revoked_at=None).get() == invite
    assert User.objects.get(pk=ada.pk).is_active


def test_all_tokens_of_one_person_are_revoked_and_nobody_elses() -> None:
    ada, eve = make_user(), make_user()
    mine = [tokens.create_token(ada, "robot")[1] for _ in range(2)]
    _, other = tokens.create_token(eve, "robot")
    assert tokens.revoke_all(ada, by=eve) == 2
    assert [tokens.user_of_token(secret) for secret in mine] == [None, None]
    assert tokens.user_of_token(other) is not None
    assert tokens.revoke_all(ada, by=eve) == 0
