"""Lessons of log-ins: they end everywhere at once, whatever is under way, and no wrong password opens one."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Http

from klatch import protocol
from klatch.actions import accounts, messages
from klatch.client import Client
from klatch.errors import Close, KlatchError
from klatch.models import Room
from klatch.relay.redis import RedisRelay
from tests import engines
from tests.conftest import Server, aside, make_room, make_token, make_user
from tests.realtime.lines import eventually, line, log_in
from tests.security.wire import Served
from tests.server.process import PASSWORD


@pytest.fixture
def over_valkey(settings: Any) -> None:
    """Before the server starts. Nothing here may rest on the periodic looks."""
    settings.KLATCH = {
        "RELAY": "klatch.relay.redis.RedisRelay",
        "RELAY_URL": engines.valkey().url,
        "RATE_LIMIT": False,
        "HEAD_CHECK_SECONDS": 60.0,
        "SESSION_CHECK_SECONDS": 60.0,
    }


def _people() -> tuple[Room, User, User, User]:
    admin, anna, joon = make_user(is_superuser=True), make_user(), make_user()
    return make_room(anna, joon), admin, anna, joon


async def test_what_another_process_ends_ends_here_and_nothing_comes_after_it(
    over_valkey: None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lesson 10: the news travels by Valkey alone, as from another node."""
    room, admin, anna, joon = await aside(_people)
    cookie, token = await aside(log_in, joon), await aside(make_token, joon)
    async with (
        line(server, cookie=cookie, origin=server.url) as page,
        line(server, authorization=f"Bearer {token}") as program,
        line(server, authorization=f"Bearer {await aside(make_token, anna)}") as other,
    ):
        for talk in (page, program, other):
            await talk.hello()
        # A process without a node of its own: what it says reaches us over the bus.
        elsewhere = RedisRelay()
        monkeypatch.setattr("klatch.log.relay", lambda: elsewhere)
        await aside(accounts.deactivate, admin, joon)
        codes = [await talk.closed() for talk in (page, program)]
        assert codes == [Close.LOGGED_OUT] * 2
        assert joon.pk not in server.node.hub.users
        monkeypatch.undo()
        await aside(messages.post, room.pk, anna, "not for joon")
        assert (await other.until("message.posted"))["message"]["body"] == "not for joon"


async def test_no_log_in_outlives_a_deactivation_whatever_is_under_way(server: Server, settings: Any) -> None:
    """Lesson 17."""
    settings.KLATCH = {"RATE_LIMIT": False}
    for _ in range(3):
        room, admin, _, joon = await aside(_people)
        cookie, token = await aside(log_in, joon), await aside(make_token, joon)
        stop = asyncio.Event()
        seen: set[int] = set()

        async def over_rest(headers: dict[str, str], stop: asyncio.Event = stop, seen: set[int] = seen) -> None:
            while not stop.is_set():
                seen.add(await asyncio.to_thread(_me, server, headers))

        async def on_sockets(
            headers: dict[str, str], stop: asyncio.Event = stop, room: Room = room, seen: set[int] = seen
        ) -> None:
            while not stop.is_set():
                with contextlib.suppress(Exception):
                    async with Client(f"{server.url}/talk", headers=headers) as client:
                        await client.post(room.pk, "still here")
                        seen.add(-1)

        ways = [{"Authorization": f"Bearer {token}"}, {"Cookie": cookie, "Origin": server.url}]
        busy = [asyncio.create_task(work(headers)) for headers in ways for work in (over_rest, on_sockets, on_sockets)]
        await eventually(lambda seen=seen: {200, -1} <= seen)  # type: ignore[misc]
        await aside(accounts.deactivate, admin, joon)
        stop.set()
        await asyncio.gather(*busy)
        await eventually(lambda joon=joon: joon.pk not in server.node.hub.users)  # type: ignore[misc]
        for headers in ways:
            assert await asyncio.to_thread(_me, server, headers) == 401
            async with line(server, **{name.lower(): value for name, value in headers.items()}) as talk:
                assert await talk.closed() == Close.UNAUTHENTICATED
        # And where the browser asks for pages.
        page = Http(headers={"Cookie": cookie})
        assert (await aside(page.get, "/talk/chat/")).status_code == 302


def _me(server: Server, headers: dict[str, str]) -> int:
    import http.client

    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", "/talk/api/v1/me", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


WRONG = ["", " ", PASSWORD.upper(), f"{PASSWORD} ", f" {PASSWORD}", PASSWORD[:-1], f"{PASSWORD}\x00", "*", "x" * 5_000]


def _logged_in(browser: Any) -> bool:
    return bool(browser.get("/account/").status == 200)


@pytest.mark.parametrize("login", ["rosa", "rosa@example.org"])
@pytest.mark.parametrize("at", ["/accounts/login/", "/accounts/login/?next=/admin/"])
def test_no_wrong_password_logs_anybody_in(served: Served, login: str, at: str) -> None:
    """Lesson 33."""
    for wrong in WRONG:
        stranger = served.server.browser()
        page = stranger.post(at, login=login, password=wrong)
        assert page.status != 302, wrong
        assert not _logged_in(stranger), wrong
    rosa = served.server.browser()
    assert rosa.post(at, login=login, password=PASSWORD).status == 302
    assert _logged_in(rosa)


def test_no_wrong_password_opens_any_other_way_in(served: Served) -> None:
    """Lesson 33: the admin's own form, a new password, a link for a lost one, HTTP's own log-in."""
    stranger = served.server.browser()
    assert stranger.get("/admin/login/").status == 302, "the admin has no form of its own"
    rosa = served.server.browser()
    rosa.post("/accounts/login/", login="rosa", password=PASSWORD)
    for wrong in WRONG:
        rosa.post("/accounts/password/", oldpassword=wrong, password1="another good password")
        again = served.server.browser()
        assert again.post("/accounts/login/", login="rosa", password="another good password").status != 302, wrong
    pk = served.rosa.get("/people/?q=person1").value(r"/people/(\d+)/deactivate/")
    link = served.rosa.post(f"/people/{pk}/reset/", form_at="/people/").value(r'value="http://[^/]+(/reset/[^"]+)"')
    assert stranger.get(link).status == 200
    for wrong in (link[:-2] + "x/", link.replace("/reset/", "/reset/x"), link.rpartition("-")[0] + "-/"):
        assert stranger.get(wrong).status == 404, wrong
    for scheme in ("Basic cm9zYTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=", "Bearer ", "Bearer null", "Bearer true", "Bearer *"):
        assert stranger.get("/api/v1/me", Authorization=scheme).status == 401, scheme
    assert stranger.get("/setup/").status == 404


HOSTILE: list[Any] = [
    {"$ne": None}, {"$gt": ""}, {"$where": "1"}, {"__class__": "x"}, [], [1, [2]], [{"$ne": 1}], True, 1.5,
]  # fmt: skip


@pytest.mark.parametrize("kind", protocol.REQUESTS, ids=lambda kind: kind.model_fields["op"].default)
def test_an_operator_in_the_place_of_a_value_is_refused(kind: type[protocol.Request]) -> None:
    """Lessons 9 and 34: each field has a type, and no field is there that is not declared."""
    op = kind.model_fields["op"].default
    for name, field in kind.model_fields.items():
        for value in HOSTILE:
            given: dict[str, Any] = {other: 1 for other in kind.model_fields if other not in ("op", "ref")}
            text = json.dumps({**given, "op": op, name: value})
            if isinstance(value, bool) and field.annotation is not None and "bool" in str(field.annotation):
                continue
            with pytest.raises(KlatchError):
                _refused_for(text, name)
    for key in ("_connector", "_negated", "room__gt", "pk", "__init__", "user_id"):
        with pytest.raises(KlatchError):
            protocol.decode(json.dumps({"op": op, key: "OR 1=1"}))


def _refused_for(text: str, name: str) -> None:
    """Raises what is refused, if this field is among the reasons."""
    try:
        protocol.decode(text)
    except KlatchError as refused:
        fields = refused.extra.get("fields", {name: ""})
        assert any(field.split(".")[0] == name for field in fields), (text, fields)
        raise


SECRETS: list[Callable[[Served], str]] = [
    lambda served: served.rosa.get("/people/").text,
    lambda served: served.rosa.get("/account/").text,
    lambda served: served.rosa.get("/invite/").text,
    lambda served: served.rosa.get("/admin/klatch/token/").text,
    lambda served: served.rosa.get("/admin/klatch/invite/").text,
    lambda served: served.rosa.get("/api/v1/me").text,
    lambda served: served.rosa.get("/api/v1/tokens").text,
    lambda served: served.rosa.get("/api/v1/people").text,
]


def test_what_is_secret_can_be_written_and_not_read(served: Served) -> None:
    """Lesson 34: no page and no answer has a password's, a token's or a link's hash, for an owner neither."""
    from klatch.models.invite import hash_secret

    pages = [look(served) for look in SECRETS]
    row = served.rosa.get("/admin/klatch/token/").value(r'href="(/admin/klatch/token/\d+/change/[^"]*)"')
    pages.append(served.rosa.get(row).text)
    for page in pages:
        assert "argon2" not in page
        assert not any(token in page or hash_secret(token) in page for token in served.tokens)
