"""Everybody sees where they are logged in and ends it there; nobody else's."""

import re

import pytest

from tests.server.browsing import Browser
from tests.server.database import rows, run_beside
from tests.server.journeys import log_in, logged_in
from tests.server.process import PASSWORD, Server

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def guest(guest: Browser) -> Browser:
    guest.headers["User-Agent"] = FIREFOX
    guest.get("/account/")
    return guest


def come_again(server: Server, name: str, agent: str = IPHONE) -> Browser:
    browser = log_in(server, name)
    browser.headers["User-Agent"] = agent
    browser.get("/account/")
    return browser


def listed(browser: Browser) -> list[str]:
    part = browser.get("/account/").value(r'(?s)id="safety">(.*?)</ul>')
    return [re.sub(r"<[^>]+>|\s+", " ", item) for item in re.findall(r"(?s)<li>(.*?)</li>", part)]


def ids(browser: Browser) -> list[str]:
    return re.findall(r"/account/sessions/(\d+)/end/", browser.get("/account/").text)


def test_the_account_page_says_where_one_is_logged_in_and_nothing_of_others(
    server: Server, rosa: Browser, guest: Browser, name: str
) -> None:
    assert len(listed(guest)) == 1
    phone = come_again(server, name)
    here, there = listed(guest)
    assert "Firefox on Linux" in here
    assert "This device" in here
    assert "Safari on iPhone" in there
    assert "In use now" in there
    assert "127.0.0.1" in there
    assert "This device" in listed(phone)[0]
    assert "Safari" in listed(phone)[0]
    assert not any("iPhone" in line for line in listed(rosa))
    # A session that turns up in another browser is seen at once.
    phone.headers["User-Agent"] = FIREFOX.replace("X11; Linux x86_64", "Windows NT 10.0")
    phone.get("/account/")
    assert "Firefox on Windows" in listed(guest)[1]


def test_one_device_is_logged_out_alone(server: Server, guest: Browser, name: str) -> None:
    one, two = come_again(server, name), come_again(server, name, FIREFOX)
    assert len(ids(guest)) == 2
    mine = ids(two)  # of the three, the two that are not this one
    (target,) = set(ids(guest)) & set(mine)
    guest.post(f"/account/sessions/{target}/end/", form_at="/account/")
    assert not logged_in(one)
    assert logged_in(two)
    assert logged_in(guest)
    assert len(listed(guest)) == 2


def test_devices_of_others_and_this_one_are_not_found_and_live_on(
    server: Server, rosa: Browser, guest: Browser, name: str
) -> None:
    other = come_again(server, name)
    (here,) = ids(other)
    (there,) = ids(guest)
    assert rosa.post(f"/account/sessions/{there}/end/", form_at="/account/").status == 404
    assert guest.post(f"/account/sessions/{here}/end/", form_at="/account/").status == 404
    assert guest.post("/account/sessions/999999/end/", form_at="/account/").status == 404
    assert logged_in(other)
    assert logged_in(guest)


def test_what_ended_elsewhere_or_by_itself_is_not_listed(server: Server, guest: Browser, name: str) -> None:
    out, expired, gone = (come_again(server, name) for _ in range(3))
    assert len(listed(guest)) == 4
    out.post("/accounts/logout/")
    for browser, change in ((expired, "UPDATE django_session SET expire_date = '2020-01-01 00:00:00'"),
                            (gone, "DELETE FROM django_session")):  # fmt: skip
        rows(server, f"{change} WHERE session_key = ?", browser.cookies["klatch_session"])
    assert len(listed(guest)) == 1


def test_a_new_password_leaves_this_device_alone_in_the_list(server: Server, guest: Browser, name: str) -> None:
    come_again(server, name)
    guest.post("/accounts/password/", oldpassword=PASSWORD, password1="another good password")
    (here,) = listed(guest)
    assert "This device" in here


def seen(server: Server, browser: Browser) -> str:
    key = browser.cookies["klatch_session"]
    found: str = rows(server, "SELECT last_seen_at FROM usersessions_usersession WHERE session_key = ?", key)[0][0]
    return found


LONG_AGO = "2026-01-01 00:00:00"


def make_old(server: Server, browser: Browser) -> None:
    rows(
        server,
        "UPDATE usersessions_usersession SET last_seen_at = ? WHERE session_key = ?",
        LONG_AGO,
        browser.cookies["klatch_session"],
    )


def test_that_a_device_is_used_is_not_written_for_every_request(
    server: Server, rosa: Browser, guest: Browser, name: str
) -> None:
    phone = come_again(server, name)
    make_old(server, phone)
    for _ in range(3):
        assert logged_in(phone)
    assert seen(server, phone) == LONG_AGO
    assert "Last used" in listed(guest)[1]
    server.restart()
    assert logged_in(phone)
    assert seen(server, phone) > LONG_AGO
    assert "In use now" in listed(guest)[1]


def test_an_open_socket_is_use(server: Server, guest: Browser, name: str) -> None:
    phone = come_again(server, name)
    make_old(server, guest)
    make_old(server, phone)
    key = phone.cookies["klatch_session"]
    run_beside(server, f"from klatch import signals\nsignals.sessions_used.send(sender=None, keys=['{key}', 'nobody'])")
    assert seen(server, phone) > LONG_AGO
    assert seen(server, guest) == LONG_AGO


def test_rows_of_sessions_that_are_over_go_when_the_server_starts(server: Server, guest: Browser, name: str) -> None:
    phone = come_again(server, name)
    key = phone.cookies["klatch_session"]
    rows(server, "DELETE FROM django_session WHERE session_key = ?", key)
    server.restart()
    assert rows(server, "SELECT id FROM usersessions_usersession WHERE session_key = ?", key) == []
    assert logged_in(guest)


def test_a_backup_has_no_sessions(server: Server, guest: Browser) -> None:
    names = run_beside(
        server, "from klatch.server import backup\nprint(*(m._meta.label_lower for m in backup.tables()))"
    )
    assert "klatch_server.act" in names
    assert not {"usersessions.usersession", "sessions.session", "klatch_server.counter"} & set(names.split())


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
         "Safari/537.36 Edg/141.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
         "Safari/537.36", "Chrome on macOS"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
         "Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        ("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 "
         "Mobile/15E148 Safari/604.1", "Chrome on iPad"),
        ("curl/8.5.0", "Unknown device"),
    ],
)  # fmt: skip
def test_a_device_is_called_what_people_call_it(
    server: Server, guest: Browser, name: str, agent: str, words: str
) -> None:
    assert words in listed(come_again(server, name, agent))[0]
