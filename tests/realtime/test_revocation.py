"""Being removed, logged out or deactivated bites on every path, at once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.utils import timezone

from klatch import log
from klatch.actions import accounts, members, messages, reactions, tokens
from klatch.errors import Close
from klatch.models import Room, Token
from tests.conftest import Server, aside, make_room, make_token, make_user
from tests.realtime.lines import Line, eventually, line, log_in, session_of, talking


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    # Nothing here may rest on the periodic look.
    settings.KLATCH = {"RATE_LIMIT": False, "HEAD_CHECK_SECONDS": 60.0, "SESSION_CHECK_SECONDS": 60.0}


def make() -> tuple[Room, User, User]:
    anna, joon = make_user(), make_user()
    return make_room(anna, joon), anna, joon


async def closed_soon(talk: Line) -> int | None:
    """Long before the periodic look would find it, however busy the machine is."""
    async with asyncio.timeout(5):
        return await talk.closed()


# Removed from a room


async def test_nothing_after_the_removal_reaches_any_device_of_who_was_removed(server: Server) -> None:
    room, anna, joon = await aside(make)
    async with talking(server, joon) as phone, talking(server, joon) as laptop, talking(server, anna) as owner:
        await aside(messages.post, room.pk, anna, "for all")
        await aside(members.remove, anna, room.pk, joon.pk)
        for number in range(20):
            await aside(messages.post, room.pk, anna, f"secret {number}")
        await owner.until("message.posted")
        while (await owner.until("message.posted"))["message"]["body"] != "secret 19":
            pass
        for device in (phone, laptop):
            frames = await device.rest()
            assert [frame["type"] for frame in frames if "seq" in frame] == ["message.posted", "member.left"]
            gone = [frame for frame in frames if frame["type"] == "room.removed"]
            assert gone == [{"type": "room.removed", "room": room.pk, "removed": True}]
            assert "secret" not in str(frames)


async def test_a_removal_among_a_storm_of_messages_is_the_last_that_is_heard(server: Server) -> None:
    room, anna, joon = await aside(make)
    async with talking(server, joon) as talk:

        def storm(number: int) -> None:
            messages.post(room.pk, anna, f"word {number}")
            if number == 20:
                members.remove(anna, room.pk, joon.pk)

        await asyncio.gather(*[aside(storm, number) for number in range(40)])
        frames = [*await talk.rest()]
        while not any(frame["type"] == "room.removed" for frame in frames):
            frames.append(await talk.next())
        frames += await talk.rest()
        numbered = [frame for frame in frames if "seq" in frame]
        assert numbered[-1]["type"] == "member.left"
        assert [frame["seq"] for frame in numbered] == list(
            range(numbered[0]["seq"], numbered[0]["seq"] + len(numbered))
        )


async def test_who_was_removed_finds_every_way_back_closed(server: Server) -> None:
    room, anna, joon = await aside(make)
    message = await aside(messages.post, room.pk, anna, "secret plan")
    known = room.seq
    await aside(members.remove, anna, room.pk, joon.pk)
    async with talking(server, joon, hello=False) as talk:
        welcome = await talk.hello(str(await aside(log.epoch)), {room.pk: known})
        assert (welcome["rooms"], talk.missed) == ([], [])
        for frame in (
            {"op": "history", "room": room.pk},
            {"op": "history", "room": room.pk, "around": message.position},
            {"op": "search", "q": "secret", "room": room.pk},
            {"op": "members", "room": room.pk},
            {"op": "subscribe", "room": room.pk, "seq": known},
            {"op": "react", "message": message.pk, "emoji": "👍", "on": True},
            {"op": "join", "room": room.pk},
        ):
            assert (await talk.ask(**frame, ref=1)).get("code") == "not_found", frame
        found = await talk.ask(op="search", ref=2, q="secret")
        assert found["results"] == []
        assert "secret" not in str(await talk.rest())


READS = [
    {"op": "history"},
    {"op": "history", "around": 1},
    {"op": "members"},
    {"op": "search", "q": "word"},
    {"op": "search", "q": "word", "room": None},
]


@pytest.mark.parametrize("frame", READS, ids=str)
async def test_a_removal_in_the_middle_of_a_read_leaks_nothing_of_what_follows(
    server: Server, monkeypatch: pytest.MonkeyPatch, frame: dict[str, Any]
) -> None:
    """Whatever the read has looked up first: what was written after the removal is not in it."""
    room, anna, joon = await aside(make)
    late = await aside(make_user, "latesecret")
    old = await aside(messages.post, room.pk, anna, "word")

    def after_first_query(run: Callable[[], Any]) -> Any:
        from django.db import connection

        done = []

        def watch(execute: Any, sql: str, *rest: Any) -> Any:
            found = execute(sql, *rest)
            if not done and "klatch_membership" in sql:
                done.append(sql)
                members.remove(anna, room.pk, joon.pk)
                messages.edit(anna, old.pk, "word secret")
                messages.post(room.pk, anna, "word secret too")
                reactions.react(anna, old.pk, "🤫", True)
                members.invite(anna, room.pk, [late.pk])
            return found

        with connection.execute_wrapper(watch):
            return run()

    async with talking(server, joon) as talk:
        for database in (server.node.database, server.node.reads._prover):
            monkeypatch.setattr(
                database,
                "read",
                lambda unit, *args, read=database.read: read(lambda: after_first_query(lambda: unit(*args))),
            )
        reply = await talk.ask(**{"room": room.pk, **frame}, ref=1)
        monkeypatch.undo()
        assert "secret" not in str(reply)
        assert "🤫" not in str(reply)


async def test_typing_and_presence_do_not_reach_who_was_removed(server: Server) -> None:
    room, anna, joon = await aside(make)
    async with talking(server, joon) as talk, talking(server, anna) as owner:
        server.node.announcer.tick(0)
        await aside(members.remove, anna, room.pk, joon.pk)
        await talk.until("room.removed")
        await owner.send(op="typing", ref=1, room=room.pk)
        await owner.until("typing")
        server.node.announcer.tick(0)
        await owner.until("presence")
        assert await talk.rest() == []


# Logged out


async def test_logging_out_closes_the_sockets_of_this_session_only(server: Server) -> None:
    _, _, joon = await aside(make)
    here, there = await aside(log_in, joon), await aside(log_in, joon)
    async with (
        line(server, cookie=here, origin=server.url) as gone,
        line(server, cookie=here, origin=server.url) as gone_too,
        line(server, cookie=there, origin=server.url) as stays,
        talking(server, joon) as program,
    ):
        for talk in (gone, gone_too, stays):
            await talk.hello()
        await aside(_log_out, here)
        assert [await closed_soon(talk) for talk in (gone, gone_too)] == [Close.LOGGED_OUT] * 2
        assert (await stays.ask(op="ping", ref=1))["type"] == "pong"
        assert (await program.ask(op="ping", ref=1))["type"] == "pong"


def _log_out(cookie: str) -> None:
    request = HttpRequest()
    request.session = SessionStore(session_of(cookie))
    logout(request)


async def test_a_new_password_closes_every_session_and_leaves_the_programs(server: Server) -> None:
    _, anna, joon = await aside(make)
    async with (
        line(server, cookie=await aside(log_in, joon), origin=server.url) as one,
        line(server, cookie=await aside(log_in, joon), origin=server.url) as two,
        line(server, cookie=await aside(log_in, anna), origin=server.url) as other,
        talking(server, joon) as program,
    ):
        for talk in (one, two, other):
            await talk.hello()
        await aside(_new_password, joon)
        assert [await closed_soon(talk) for talk in (one, two)] == [Close.LOGGED_OUT] * 2
        assert (await other.ask(op="ping", ref=1))["type"] == "pong"
        assert (await program.ask(op="ping", ref=1))["type"] == "pong"


def _new_password(user: User) -> None:
    user = User.objects.get(pk=user.pk)
    user.set_password("another long password")
    user.save()


async def test_deactivation_closes_everything_of_a_person_and_keeps_it_closed(server: Server) -> None:
    _, _, joon = await aside(make)
    admin = await aside(lambda: make_user(is_superuser=True, is_staff=True))
    cookie, token = await aside(log_in, joon), await aside(make_token, joon)
    async with (
        line(server, cookie=cookie, origin=server.url) as one,
        line(server, authorization=f"Bearer {token}") as two,
        line(server, authorization=f"Bearer {token}") as silent,
    ):
        for talk in (one, two):
            await talk.hello()
        await aside(accounts.deactivate, admin, joon)
        assert [await closed_soon(talk) for talk in (one, two, silent)] == [Close.LOGGED_OUT] * 3
    for headers in ({"cookie": cookie, "origin": server.url}, {"authorization": f"Bearer {token}"}):
        async with line(server, **headers) as talk:
            assert await closed_soon(talk) == Close.UNAUTHENTICATED


async def test_revoking_a_token_closes_its_sockets_only(server: Server) -> None:
    _, _, joon = await aside(make)
    async with talking(server, joon) as stays:
        row, secret = await aside(tokens.create_token, joon, "lost laptop")
        async with line(server, authorization=f"Bearer {secret}") as talk:
            await talk.hello()
            await aside(tokens.revoke_token, joon, row.pk)
            assert await closed_soon(talk) == Close.LOGGED_OUT
        async with line(server, authorization=f"Bearer {secret}") as talk:
            assert await closed_soon(talk) == Close.UNAUTHENTICATED
        assert (await stays.ask(op="ping", ref=1))["type"] == "pong"


async def test_a_deleted_account_is_closed(server: Server) -> None:
    joon = await aside(make_user)
    async with talking(server, joon) as talk:
        await aside(joon.delete)
        assert await closed_soon(talk) == Close.LOGGED_OUT


# The safety net: what nobody announced


async def test_the_periodic_look_finds_rights_that_ended_without_a_word(server: Server) -> None:
    _, anna, joon = await aside(make)
    cookies = [await aside(log_in, joon) for _ in range(3)]
    async with (
        line(server, cookie=cookies[0], origin=server.url) as deleted,
        line(server, cookie=cookies[1], origin=server.url) as expired,
        line(server, cookie=cookies[2], origin=server.url) as stays,
        talking(server, anna) as token,
    ):
        for talk in (deleted, expired, stays):
            await talk.hello()
        await aside(lambda: SessionStore(session_of(cookies[0])).delete())
        await aside(_expire, session_of(cookies[1]))
        await aside(lambda: Token.objects.filter(user=anna).update(revoked_at=timezone.now()))
        check = server.node._check_rights
        everybody = [connection for theirs in server.node.hub.users.values() for connection in theirs]
        await check(everybody)
        assert [await closed_soon(talk) for talk in (deleted, expired, token)] == [Close.LOGGED_OUT] * 3
        assert (await stays.ask(op="ping", ref=1))["type"] == "pong"


def _expire(key: str) -> None:
    SessionStore.get_model_class().objects.filter(session_key=key).update(
        expire_date=timezone.now() - timedelta(hours=1)
    )


async def test_a_cut_socket_is_forgotten_with_all_its_rooms(server: Server) -> None:
    room, _, joon = await aside(make)
    async with talking(server, joon) as talk:
        await aside(joon.delete)
        await closed_soon(talk)
        await eventually(lambda: joon.pk not in server.node.hub.users)
        assert room.pk not in server.node.hub.rooms
        assert server.node.delivery.rooms == []
