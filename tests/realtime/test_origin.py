"""Who may open a socket: pages of this very origin with a session, programs with a token, nobody else."""

from typing import Any

import pytest
import websockets
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from klatch.errors import BadOrigin, Close
from klatch.realtime.login import check_origin, headers
from tests.conftest import Server, aside, make_token, make_user
from tests.realtime.lines import line, log_in, session_of

HOST = "chat.example.org:8443"
FOREIGN = [
    "http://chat.example.org:8443",
    "https://chat.example.org",
    "https://chat.example.org:443",
    "https://chat.example.org:8444",
    "https://chat.example.org:84430",
    "https://chat.example.org:0",
    "https://chat.example.org:99999",
    "https://chat.example.org:port",
    "https://evil.example",
    "https://evil.example:8443",
    "https://chat.example.org.evil.example:8443",
    "https://evil-chat.example.org:8443",
    "https://evil.chat.example.org:8443",
    "https://example.org:8443",
    "https://chat.example.org.:8443",
    "https://chat.example.orq:8443",
    "https://chat.example.org@evil.example:8443",
    "https://user@chat.example.org:8443",
    "https://chat.example.org:8443/",
    "https://chat.example.org:8443/talk/",
    "https://chat.example.org:8443?x",
    "https://xn--chat-example-5ya.org:8443",
    "https://сhat.example.org:8443",
    "wss://chat.example.org:8443",
    "ws://chat.example.org:8443",
    "file://",
    "chrome-extension://chat.example.org:8443",
    "//chat.example.org:8443",
    "chat.example.org:8443",
    "null",
    "",
    "*",
    "https://[::1]:8443",
    "https://[chat.example.org]:8443",
    "https://127.0.0.1:8443",
    "https://chat.example.org:8443 https://evil.example",
    "https://evil.example, https://chat.example.org:8443",
]


def scope(origin: str | None, scheme: str = "wss", host: str = HOST, **more: str) -> dict[str, Any]:
    given = {"host": host, **more}
    if origin is not None:
        given["origin"] = origin
    return {
        "scheme": scheme,
        "headers": [(name.encode(), value.encode("utf-8")) for name, value in given.items()],
    }


def accepted(handshake: dict[str, Any]) -> bool:
    try:
        check_origin(handshake, headers(handshake))
    except BadOrigin:
        return False
    return True


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_is_refused(origin: str) -> None:
    assert not accepted(scope(origin, cookie="sessionid=x"))
    # A token is no excuse: a page would not have one.
    assert not accepted(scope(origin, authorization="Bearer x"))


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("https://chat.example.org:8443", "wss", HOST),
        ("https://CHAT.example.org:8443", "wss", HOST),
        ("https://chat.example.org", "wss", "chat.example.org"),
        ("https://chat.example.org", "wss", "chat.example.org:443"),
        ("https://chat.example.org:443", "wss", "chat.example.org"),
        ("http://127.0.0.1:8000", "ws", "127.0.0.1:8000"),
        ("http://localhost", "ws", "localhost:80"),
        ("http://[::1]:8000", "ws", "[::1]:8000"),
        ("https://xn--bcher-kva.example", "wss", "xn--bcher-kva.example"),
    ],
)
def test_the_origin_of_this_server_is_accepted_however_it_is_written(origin: str, scheme: str, host: str) -> None:
    assert accepted(scope(origin, scheme, host))


def test_without_an_origin_only_a_token_helps() -> None:
    assert not accepted(scope(None))
    assert not accepted(scope(None, cookie="sessionid=x"))
    assert not accepted(scope(None, authorization="Basic x"))
    assert accepted(scope(None, authorization="Bearer x"))


def test_configured_origins_replace_what_the_request_says_of_itself(settings: Any) -> None:
    settings.KLATCH = {"ORIGINS": ["https://chat.example.org"]}
    # Behind a proxy that speaks plain HTTP to us.
    assert accepted(scope("https://chat.example.org", "ws", "127.0.0.1:8000"))
    assert not accepted(scope("http://127.0.0.1:8000", "ws", "127.0.0.1:8000"))
    assert not accepted(scope("https://evil.example", "ws", "evil.example"))


@pytest.fixture
async def anna(server: Server) -> User:
    return await aside(make_user)


async def test_a_foreign_page_with_a_visitors_cookie_is_refused_in_the_handshake(server: Server, anna: User) -> None:
    cookie = await aside(log_in, anna)
    port = server.url.rpartition(":")[2]
    for given in (
        {"cookie": cookie, "origin": "https://evil.example"},
        {"cookie": cookie, "origin": f"https://127.0.0.1:{port}"},
        {"cookie": cookie, "origin": f"http://localhost:{port}"},
        {"cookie": cookie, "origin": "null"},
        {"cookie": cookie},
        {},
    ):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with line(server, **given):
                pass
        assert refused.value.response.status_code == 403, given
    assert server.node.hub.users == {}


async def test_our_own_page_with_a_cookie_is_let_in(server: Server, anna: User) -> None:
    async with line(server, cookie=await aside(log_in, anna), origin=server.url) as talk:
        assert (await talk.hello())["you"]["id"] == anna.pk


async def test_who_is_not_logged_in_is_told_so_and_not_to_come_back(server: Server, anna: User) -> None:
    expired, ended, other_password = [await aside(log_in, anna) for _ in range(3)]
    await aside(_expire, session_of(expired))
    await aside(lambda: SessionStore(session_of(ended)).delete())
    await aside(_forge, session_of(other_password))
    token = await aside(make_token, anna)
    for given in (
        {"origin": server.url},
        {"origin": server.url, "cookie": ""},
        {"origin": server.url, "cookie": "sessionid="},
        {"origin": server.url, "cookie": "sessionid=nonsense; other=1"},
        {"origin": server.url, "cookie": "=;;\"';=sessionid"},
        {"origin": server.url, "cookie": expired},
        {"origin": server.url, "cookie": ended},
        {"origin": server.url, "cookie": other_password},
        {"authorization": "Bearer"},
        {"authorization": "Bearer klatch_nonsense"},
        {"authorization": f"Bearer {token}x"},
        {"authorization": f"Bearer {token[:-1]}"},
        # A wrong token does not fall back to the cookie.
        {"authorization": "Bearer nonsense", "cookie": await aside(log_in, anna), "origin": server.url},
    ):
        async with line(server, **given) as talk:
            assert await talk.closed() == Close.UNAUTHENTICATED, given
    assert not Close.UNAUTHENTICATED.reconnect
    assert server.node.hub.users == {}


def _expire(key: str) -> None:
    store = SessionStore(key)
    store.set_expiry(-3600)
    store.save()


def _forge(key: str) -> None:
    store = SessionStore(key)
    store["_auth_user_hash"] = "another password"
    store.save()


async def test_the_log_says_once_why_a_page_was_refused_and_what_to_set(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy that hides https: without this line nothing tells why the page never gets its socket."""
    for _ in range(2):
        with pytest.raises(websockets.InvalidStatus):
            async with line(server, origin="https://chat.example.org"):
                pass
    (record,) = [record for record in caplog.records if record.name == "klatch.socket"]
    assert "https://chat.example.org" in record.getMessage()
    assert server.url in record.getMessage()
    assert "KLATCH_URL" in record.getMessage()
