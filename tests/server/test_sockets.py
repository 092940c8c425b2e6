"""Open sockets of the running server end as soon as the right behind them does."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.server.browsing import Browser
from tests.server.journeys import log_in, pk_of
from tests.server.process import PASSWORD, Server

SECONDS = 5
HELLO = json.dumps({"op": "hello", "ref": 1, "epoch": None, "rooms": {}})


@pytest.fixture
def opened(server: Server) -> Iterator[Callable[..., ClientConnection]]:
    """Open sockets that have said hello; all are closed afterwards."""
    with ExitStack() as stack:

        def socket(browser: Browser, **headers: str) -> ClientConnection:
            address = server.url.replace("http", "ws") + "/ws/"
            one = stack.enter_context(
                connect(address, additional_headers=headers or {"Cookie": browser.cookie, "Origin": server.url})
            )
            one.send(HELLO)
            assert json.loads(one.recv(SECONDS))[0]["type"] == "welcome"
            return one

        yield socket


def close_code(socket: ClientConnection) -> int:
    """The code that the server closes with; fails if it does not."""
    try:
        while True:
            socket.recv(SECONDS)
    except ConnectionClosed:
        return socket.close_code or 0


def lives(socket: ClientConnection) -> bool:
    socket.send(json.dumps({"op": "ping", "ref": 2}))
    while True:
        if any(frame["type"] == "pong" for frame in json.loads(socket.recv(SECONDS))):
            return True


Opened = Callable[..., ClientConnection]


def test_deactivating_somebody_closes_theirs_and_no_others(
    server: Server, rosa: Browser, guest: Browser, name: str, opened: Opened
) -> None:
    theirs, other = opened(guest), opened(rosa)
    rosa.post(f"/people/{pk_of(rosa, name)}/deactivate/", form_at="/people/")
    assert close_code(theirs) >= 4500
    assert lives(other)


def test_logging_out_closes_them(server: Server, guest: Browser, opened: Opened) -> None:
    theirs = opened(guest)
    guest.post("/accounts/logout/")
    assert close_code(theirs) >= 4500


def test_logging_out_elsewhere_closes_the_others_and_keeps_this_one(
    server: Server, guest: Browser, name: str, opened: Opened
) -> None:
    other = log_in(server, name)
    here, there = opened(guest), opened(other)
    guest.post("/account/elsewhere/", form_at="/account/")
    assert close_code(there) >= 4500
    assert lives(here)


def test_logging_out_one_device_closes_its_sockets_and_no_others(
    server: Server, guest: Browser, name: str, opened: Opened
) -> None:
    other, third = log_in(server, name), log_in(server, name)
    here, there, elsewhere = opened(guest), opened(other), opened(third)
    mine = set(re.findall(r"/sessions/(\d+)/end/", third.get("/account/").text))
    theirs = mine & set(re.findall(r"/sessions/(\d+)/end/", guest.get("/account/").text))
    guest.post(f"/account/sessions/{theirs.pop()}/end/", form_at="/account/")
    assert close_code(there) >= 4500
    assert lives(here)
    assert lives(elsewhere)


def test_a_new_password_closes_those_of_other_devices(
    server: Server, guest: Browser, name: str, opened: Opened
) -> None:
    other = opened(log_in(server, name))
    guest.post("/accounts/password/", oldpassword=PASSWORD, password1="another good password")
    assert close_code(other) >= 4500


def test_a_password_set_by_link_closes_all_of_them(
    server: Server, rosa: Browser, guest: Browser, name: str, opened: Opened
) -> None:
    theirs = opened(guest)
    page = rosa.post(f"/people/{pk_of(rosa, name)}/reset/", form_at="/people/")
    link = page.value(r'value="http://[^/]+(/reset/[^"]+)"')
    server.browser().post(link, new_password="another good password")
    assert close_code(theirs) >= 4500


def test_revoking_a_token_closes_those_opened_with_it(server: Server, guest: Browser, opened: Opened) -> None:
    secret = guest.post("/account/tokens/", form_at="/account/", name="robot", scope="write").value(
        r'value="(klatch_[\w-]+)"'
    )
    theirs = opened(guest, Authorization=f"Bearer {secret}")
    pk = guest.get("/account/").value(r"/account/tokens/(\d+)/revoke/")
    guest.post(f"/account/tokens/{pk}/revoke/", form_at="/account/")
    assert close_code(theirs) >= 4500


def test_a_stopping_server_sends_people_away_to_come_back(serve: Callable[..., Server]) -> None:
    server = serve()
    rosa = server.set_up()
    address = server.url.replace("http", "ws") + "/ws/"
    with connect(address, additional_headers={"Cookie": rosa.cookie, "Origin": server.url}) as socket:
        assert server.stop() == 0
        code = close_code(socket)
    assert code in (1001, 1006, 1011, 1012) or 4000 <= (code or 0) < 4500


def test_a_foreign_origin_gets_no_socket(server: Server, rosa: Browser) -> None:
    with pytest.raises(Exception, match=r"403|4\d\d\d"):  # noqa: SIM117, PT012
        with connect(
            server.url.replace("http", "ws") + "/ws/",
            additional_headers={"Cookie": rosa.cookie, "Origin": "https://evil.example"},
        ) as socket:
            socket.send(HELLO)
            socket.recv(SECONDS)
