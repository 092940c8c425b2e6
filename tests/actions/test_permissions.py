"""Who may close an account, and what a closed one is. Who may do what to a room: ``tests/security``."""

import pytest

from klatch import queries
from klatch.actions import accounts, directs, members, rooms
from klatch.errors import KlatchError
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


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
