"""Invite links and API tokens: secrets that are shown once, grant no more than their maker may, and end."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from klatch.actions import accounts, invites, members, rooms, tokens
from klatch.errors import Forbidden, Invalid, LimitReached, NotFound
from klatch.models import Invite, Membership, Room, Token
from klatch.relay import relay
from tests.conftest import make_room, make_user
from tests.store import RecordingRelay


@pytest.mark.django_db
class TestInvites:
    def link(self, **fields: Any) -> tuple[User, Room, Invite, str]:
        rosa = make_user()
        room = make_room(rosa, kind="private")
        return rosa, room, *invites.create_invite(rosa, room, **fields)

    def refused(self, secret: str, who: User | None = None) -> None:
        who = who or make_user()
        with pytest.raises(NotFound) as problem:
            invites.redeem_invite(who, secret)
        assert problem.value.detail == "This invitation is not valid any more."
        assert not Membership.objects.filter(user=who).exists()

    def test_a_person_has_only_so_many_links_that_are_good(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(invites, "INVITES_A_PERSON", 2)
        rosa, room, row, _ = self.link()
        invites.create_invite(rosa, room)
        with pytest.raises(LimitReached):
            invites.create_invite(rosa, room)
        invites.revoke_invite(rosa, row.pk)
        assert invites.create_invite(rosa, room)

    @pytest.mark.parametrize("uses", [-1, 10_001, 2**70])
    def test_a_number_of_uses_that_means_nothing_is_refused_and_is_not_taken_for_no_limit(self, uses: int) -> None:
        with pytest.raises(Invalid) as refused:
            self.link(max_uses=uses)
        assert list(refused.value.extra["fields"]) == ["max_uses"]
        assert not Invite.objects.exists()

    def test_a_link_lets_its_bearer_in_and_only_its_hash_is_kept(self) -> None:
        _rosa, room, row, secret = self.link()
        ben = make_user()
        assert invites.redeem_invite(ben, secret) == room
        assert Membership.objects.filter(room=room, user=ben, role="member").exists()
        row.refresh_from_db()
        assert row.uses == 1
        assert secret not in str(vars(row))

    def test_entering_twice_uses_the_link_once(self) -> None:
        _rosa, room, row, secret = self.link(max_uses=1)
        ben = make_user()
        assert invites.redeem_invite(ben, secret) == room
        self.refused(secret)
        row.refresh_from_db()
        assert row.uses == 1

    def test_a_member_who_follows_a_link_uses_nothing_up(self) -> None:
        rosa, room, row, secret = self.link(max_uses=1)
        assert invites.redeem_invite(rosa, secret) == room
        row.refresh_from_db()
        assert row.uses == 0

    @pytest.mark.parametrize("secret", ["", "forged", "x" * 10_000, "\x00", "\ud800", "klatch_x"])
    def test_a_forged_secret_says_the_same_as_one_that_ended(self, secret: str) -> None:
        self.refused(secret)

    def test_an_expired_link_lets_nobody_in(self) -> None:
        _rosa, _room, row, secret = self.link()
        Invite.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        self.refused(secret)

    def test_a_link_lasts_as_many_days_as_the_setting_says(self, settings: Any) -> None:
        settings.KLATCH = {"INVITE_DAYS": 3}
        _rosa, _room, row, _secret = self.link()
        assert timedelta(days=2, hours=23) < row.expires_at - timezone.now() <= timedelta(days=3)

    def test_a_revoked_link_lets_nobody_in(self) -> None:
        rosa, _room, row, secret = self.link()
        invites.revoke_invite(rosa, row.pk)
        self.refused(secret)
        with pytest.raises(NotFound):
            invites.revoke_invite(rosa, row.pk)

    def test_a_moderator_may_revoke_it_and_neither_a_member_nor_a_stranger(self) -> None:
        rosa, room, row, _secret = self.link()
        ben, cleo = make_user(), make_user()
        members.invite(rosa, room.pk, [ben.pk, cleo.pk])
        members.change_role(rosa, room.pk, ben.pk, "moderator")
        for who in (cleo, make_user()):
            with pytest.raises(NotFound):
                invites.revoke_invite(who, row.pk)
        invites.revoke_invite(ben, row.pk)

    def test_it_ends_when_its_maker_loses_the_right_to_invite(self) -> None:
        rosa, room, _row, _secret = self.link()
        ben = make_user()
        members.invite(rosa, room.pk, [ben.pk])
        members.change_role(rosa, room.pk, ben.pk, "moderator")
        _, secret = invites.create_invite(ben, room)
        assert invites.find_invite(secret).room == room
        members.change_role(rosa, room.pk, ben.pk, "member")
        self.refused(secret)

    def test_it_ends_when_its_maker_leaves(self) -> None:
        rosa, room, _row, secret = self.link()
        members.leave(rosa, room.pk)
        self.refused(secret)

    def test_it_ends_when_its_makers_account_is_closed(self) -> None:
        rosa, _room, _row, secret = self.link()
        accounts.deactivate(make_user(is_superuser=True), rosa)
        self.refused(secret)

    def test_it_ends_when_the_room_is_archived(self) -> None:
        rosa, room, _row, secret = self.link()
        rooms.change_room(rosa, room.pk, archived=True)
        self.refused(secret)

    def test_a_removed_person_cannot_come_back_by_a_link(self) -> None:
        rosa, room, row, secret = self.link()
        ben = make_user()
        invites.redeem_invite(ben, secret)
        members.remove(rosa, room.pk, ben.pk)
        self.refused(secret, ben)
        row.refresh_from_db()
        assert row.uses == 1

    def test_the_adapter_decides_who_makes_links(self, settings: Any) -> None:
        settings.KLATCH = {"ADAPTER": "tests.actions.test_links.NoStrangers"}
        with pytest.raises(Forbidden):
            self.link()


class NoStrangers(__import__("klatch.adapter", fromlist=["Adapter"]).Adapter):  # type: ignore[misc]
    def may_invite_strangers(self, user: Any) -> bool:
        return False


@pytest.mark.usefixtures("db")
def test_a_link_for_two_lets_in_two_of_six_who_come_at_the_same_moment() -> None:
    rosa = make_user()
    room = make_room(rosa, kind="private")
    row, secret = invites.create_invite(rosa, room, max_uses=2)
    guests = [make_user() for _ in range(6)]
    start, came, other = threading.Barrier(6), [], []

    def enter(guest: User) -> None:
        try:
            start.wait(timeout=10)
            invites.redeem_invite(guest, secret)
            came.append(guest)
        except NotFound:
            pass
        except Exception as problem:
            other.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enter, args=(guest,)) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    row.refresh_from_db()
    room.refresh_from_db()
    assert other == []
    assert (len(came), row.uses, room.members) == (2, 2, 3)


@pytest.mark.django_db
class TestTokens:
    def test_a_token_stands_for_its_person_until_it_is_revoked(self) -> None:
        rosa = make_user()
        row, secret = tokens.create_token(rosa, " my script ")
        assert row.name == "my script"
        assert secret.startswith("klatch_")
        assert secret not in str(vars(row))
        assert tokens.user_of_token(secret) == (rosa, row)
        tokens.revoke_token(rosa, row.pk)
        assert tokens.user_of_token(secret) is None
        with pytest.raises(NotFound):
            tokens.revoke_token(rosa, row.pk)

    def test_nobody_revokes_anothers_token(self) -> None:
        rosa, boss = make_user(), make_user(is_superuser=True)
        row, secret = tokens.create_token(rosa, "x")
        with pytest.raises(NotFound):
            tokens.revoke_token(boss, row.pk)
        assert tokens.user_of_token(secret) is not None

    def test_a_closed_account_has_no_tokens_that_work(self) -> None:
        rosa = make_user()
        _, secret = tokens.create_token(rosa, "x")
        accounts.deactivate(make_user(is_superuser=True), rosa)
        assert tokens.user_of_token(secret) is None

    @pytest.mark.parametrize("secret", ["", "klatch_", "klatch_forged", "\ud800", "é" * 5000])
    def test_a_forged_token_is_nobodys(self, secret: str) -> None:
        assert tokens.user_of_token(secret) is None

    def test_many_are_looked_up_together_and_each_has_its_own_person(self) -> None:
        rosa, jo, gone = make_user(), make_user(), make_user()
        made = {person: tokens.create_token(person, "x") for person in (rosa, jo, gone)}
        row, revoked = tokens.create_token(rosa, "y")
        tokens.revoke_token(rosa, row.pk)
        accounts.deactivate(make_user(is_superuser=True), gone)
        secrets = [secret for _, secret in made.values()]
        found = tokens.users_of_tokens([*secrets, revoked, "klatch_forged"])
        assert found == {made[person][1]: (person, made[person][0]) for person in (rosa, jo)}
        assert all(vars(user).keys() >= {"username", "password", "is_active"} for user, _ in found.values())

    def test_the_stored_hash_is_no_token(self) -> None:
        row, _ = tokens.create_token(make_user(), "x")
        assert tokens.user_of_token(row.hash) is None

    @pytest.mark.parametrize("name", ["", "   ", "x" * 81])
    def test_a_token_needs_a_name_of_a_sensible_length(self, name: str) -> None:
        with pytest.raises(Invalid):
            tokens.create_token(make_user(), name)

    def test_a_token_may_write_unless_it_is_made_for_reading_and_there_is_no_third_kind(self) -> None:
        rosa = make_user()
        assert tokens.create_token(rosa, "x")[0].may_write
        assert not tokens.create_token(rosa, "x", "read")[0].may_write
        with pytest.raises(Invalid) as refused:
            tokens.create_token(rosa, "x", "admin")
        assert list(refused.value.extra["fields"]) == ["scope"]
        # Whatever a row may say one day: only the one word lets it write.
        assert not Token(scope="admin").may_write

    def test_there_are_at_most_fifty_at_a_time(self) -> None:
        rosa = make_user()
        made = [tokens.create_token(rosa, "x")[0] for _ in range(tokens.TOKENS_A_PERSON)]
        with pytest.raises(LimitReached):
            tokens.create_token(rosa, "one more")
        tokens.revoke_token(rosa, made[0].pk)
        tokens.create_token(rosa, "one more")
        assert Token.objects.filter(user=rosa, revoked_at=None).count() == tokens.TOKENS_A_PERSON


@pytest.mark.django_db(transaction=True)
def test_revoking_a_token_has_every_process_look_at_the_persons_sockets(settings: Any) -> None:
    settings.KLATCH = {"RELAY": "tests.store.RecordingRelay"}
    kept = relay()
    assert isinstance(kept, RecordingRelay)
    rosa = make_user()
    row, _ = tokens.create_token(rosa, "x")
    tokens.revoke_token(rosa, row.pk)
    assert [(envelope.kind, envelope.user) for envelope in kept.take()] == [("rights", rosa.pk)]
