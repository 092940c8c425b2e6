"""Guessing passwords is slow, whatever restarts, however many processes serve; who is known is not locked out."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import engines
from tests.server.browsing import Browser
from tests.server.database import rows, run_beside
from tests.server.journeys import invite_link, join, logged_in
from tests.server.process import PASSWORD, Server

Serve = Callable[..., Server]
LIMIT = 5  # for one account, in five minutes
FROM_ONE_ADDRESS = 20  # in a minute


def attempt(browser: Browser, login: str, password: str = "a wrong guess") -> str:
    """What came of it: in, wrong or slow."""
    page = browser.post("/accounts/login/", login=login, password=password)
    if page.status == 302:
        return "in"
    said = page.value(r'role="alert">\s*<p>([^<]+)')
    return "slow" if "Too many failed" in said else "wrong"


def attempts(server: Server, *logins: str) -> list[str]:
    return [attempt(server.browser(), login) for login in logins]


@pytest.fixture
def place(serve: Serve) -> Server:
    """With Rosa, and Ada, whose password is known to nobody."""
    server = serve()
    join(server, invite_link(server.set_up()), "Ada Byron")
    return server


def test_guesses_at_one_account_are_few_by_whichever_name_and_host(place: Server) -> None:
    for login in ("ada", "ADA", "ada@example.org", "Ada@Example.org"):
        assert attempts(place, login) == ["wrong"]
    assert attempt(place.browser("localhost:1"), "ada") == "wrong"
    assert attempt(place.browser("chat.example:2"), "ada") == "slow"
    assert attempts(place, "ada@example.org", "ada") == ["slow", "slow"]
    # The right password does not come through either, or the limit would be none.
    assert attempt(place.browser(), "ada", PASSWORD) == "slow"
    assert attempt(place.browser(), "rosa", PASSWORD) == "in"


def test_a_restart_forgets_no_guess(place: Server) -> None:
    assert attempts(place, *["ada"] * LIMIT) == ["wrong"] * LIMIT
    place.restart()
    assert attempts(place, "ada") == ["slow"]


def test_a_name_that_nobody_has_runs_out_as_well(place: Server) -> None:
    assert attempts(place, *["nobody"] * (LIMIT + 1)) == ["wrong"] * LIMIT + ["slow"]


def test_right_passwords_do_not_count(place: Server) -> None:
    for _ in range(LIMIT + 2):
        assert attempt(place.browser(), "ada", PASSWORD) == "in"
    assert attempts(place, "ada") == ["wrong"]


def test_a_known_browser_gets_in_while_a_stranger_guesses_and_has_a_limit_of_its_own(place: Server) -> None:
    ada = place.browser()
    assert attempt(ada, "ada", PASSWORD) == "in"
    assert attempts(place, *["ada"] * (LIMIT + 1))[-1] == "slow"
    ada.post("/accounts/logout/")
    assert attempt(ada, "ada", PASSWORD) == "in"
    ada.post("/accounts/logout/")
    assert [attempt(ada, "ada") for _ in range(LIMIT + 1)] == ["wrong"] * LIMIT + ["slow"]
    assert attempt(ada, "ada", PASSWORD) == "slow"


def test_the_mark_of_a_known_browser_is_for_one_account_and_cannot_be_made_up(place: Server) -> None:
    rosa = place.browser()
    assert attempt(rosa, "rosa", PASSWORD) == "in"
    assert attempts(place, *["ada"] * LIMIT) == ["wrong"] * LIMIT
    for mark in (rosa.cookies["klatch_known"], "WzIsIngiXQ:1abc:invented", "x" * 4000):
        stranger = place.browser()
        stranger.cookies["klatch_known"] = mark
        assert attempt(stranger, "ada") == "slow"
        assert not logged_in(stranger)


def test_one_address_guesses_at_few_accounts_and_cannot_say_it_is_another(serve: Serve) -> None:
    server = serve()
    server.set_up()
    guesses = [attempt(_from(server, f"198.51.100.{n}"), f"name{n}") for n in range(FROM_ONE_ADDRESS + 1)]
    assert guesses == ["wrong"] * FROM_ONE_ADDRESS + ["slow"]


def test_behind_a_trusted_proxy_each_address_counts_for_itself(serve: Serve) -> None:
    server = serve(KLATCH_TRUSTED_PROXIES="127.0.0.1", KLATCH_URL="http://chat.example")
    server.klatch("create-user", "rosa", "--email", "r@example.org", "--owner", "--password-file", "-", stdin=PASSWORD)
    guesses = [
        attempt(_from(server, f"198.51.100.{n % 2}", "chat.example"), f"name{n}")
        for n in range(2 * FROM_ONE_ADDRESS + 2)
    ]
    assert guesses == ["wrong"] * 2 * FROM_ONE_ADDRESS + ["slow"] * 2


def _from(server: Server, address: str, host: str = "") -> Browser:
    browser = server.browser(host)
    browser.headers["X-Forwarded-For"] = address
    return browser


def test_a_new_password_by_link_forgives_the_guesses(place: Server) -> None:
    rosa = place.browser()
    attempt(rosa, "rosa", PASSWORD)
    assert attempts(place, *["ada"] * (LIMIT + 1))[-1] == "slow"
    pk = rosa.get("/people/?q=ada").value(r"/people/(\d+)/deactivate/")
    link = rosa.post(f"/people/{pk}/reset/", form_at="/people/").value(r'value="http://[^/]+(/reset/[^"]+)"')
    place.browser().post(link, new_password="another good password")
    assert attempt(place.browser(), "ada", "another good password") == "in"


def test_too_many_sign_ups_are_told_so_in_the_look_of_the_place(place: Server) -> None:
    link = invite_link(_logged_in(place, "rosa"))
    pages = [place.browser().post(link, name="X", email=f"x{n}@example.org", password1="short") for n in range(20)]
    assert pages[-1].status == 429
    assert "klatch/css/tokens" in pages[-1].text
    assert "Too many attempts" in pages[-1].text


def _logged_in(server: Server, login: str) -> Browser:
    browser = server.browser()
    assert attempt(browser, login, PASSWORD) == "in"
    return browser


def test_looking_at_pages_writes_no_counter_and_old_ones_go(place: Server) -> None:
    browser = _logged_in(place, "rosa")
    attempts(place, "ada")
    before = rows(place, "SELECT * FROM klatch_server_counter ORDER BY key")
    assert before
    for path in ("/account/", "/people/", "/accounts/login/", "/chat/"):
        browser.get(path)
    assert rows(place, "SELECT * FROM klatch_server_counter ORDER BY key") == before
    rows(place, "UPDATE klatch_server_counter SET until = 1")
    place.restart()
    attempts(place, "nobody")
    left = {key for (key,) in rows(place, "SELECT key FROM klatch_server_counter")}
    assert left
    assert not left & {row[0] for row in before if ":ip:" not in row[0] or "signup" in row[0]}
    assert not re.search("ada|nobody", " ".join(left)), "names are kept as hashes only"


RACE = """
from concurrent.futures import ThreadPoolExecutor
from django.core.cache import cache
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda n: cache.add("race", n, 60), range(40))))
"""


def test_one_of_many_gets_a_lock_in_whichever_process_and_another_when_it_is_over(place: Server) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert sum(int(won) for won in pool.map(lambda code: run_beside(place, code), [RACE, RACE])) == 1
    rows(place, "UPDATE klatch_server_counter SET until = 1 WHERE key LIKE '%race'")
    assert run_beside(place, RACE) == "1"


@pytest.fixture
def several(serve: Serve, tmp_path: Path) -> Server:
    """Two workers on PostgreSQL, without Valkey."""
    import psycopg

    address = engines.postgres()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS guessing WITH (FORCE)")
        connection.execute("CREATE DATABASE guessing")
    there = address.replace("/postgres?", "/guessing?") if "/postgres?" in address else (
        address.rsplit("/", 1)[0] + "/guessing"
    )  # fmt: skip
    return serve("--workers", "2", data=tmp_path / "new", KLATCH_DATABASE_URL=there)


def test_many_guesses_at_once_at_two_workers_get_no_more_than_the_limit(several: Server) -> None:
    several.set_up()
    with ThreadPoolExecutor(10) as pool:
        came = list(pool.map(lambda _: attempt(several.browser(), "rosa"), range(30)))
    assert came.count("wrong") <= LIMIT
    assert came.count("wrong") + came.count("slow") == 30
