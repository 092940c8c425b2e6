"""The set-up form: one owner, once, and only by who is meant to be."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.browsing import Browser, Page
from tests.server.process import PASSWORD, Server

Serve = Callable[..., Server]
GIVEN = {"place": "Tea", "name": "Rosa", "email": "rosa@example.org", "password": PASSWORD, "signup": "invite"}


def test_set_up_makes_the_owner_the_lobby_and_lands_in_it(serve: Serve, tmp_path: Path) -> None:
    server = serve(data=tmp_path / "new")
    rosa = server.browser()
    page = rosa.post("/setup/", **GIVEN)
    assert page.location == "/chat/lobby/"
    assert rosa.get("/people/").status == 200
    assert "lobby" in rosa.get("/invite/").text


def test_set_up_is_gone_afterwards_for_everybody(serve: Serve) -> None:
    server = serve()
    rosa = server.set_up()
    stranger = server.browser()
    assert stranger.get("/").location == "/chat/"
    for browser in (rosa, stranger):
        assert browser.get("/setup/").status == 404
        assert browser.send("/setup/", **GIVEN).status in (403, 404)
    server.restart()
    assert stranger.get("/setup/").status == 404


def test_two_who_submit_at_once_make_one_owner(serve: Serve) -> None:
    server = serve()
    browsers = [server.browser() for _ in range(4)]
    tokens = [browser.get("/setup/").value(r'csrfmiddlewaretoken" value="([^"]+)') for browser in browsers]
    together = threading.Barrier(4)
    pages: list[Page] = []

    def submit(browser: Browser, token: str, number: int) -> None:
        together.wait()
        fields = {**GIVEN, "email": f"p{number}@example.org", "name": f"Person {number}"}
        pages.append(browser.send("/setup/", csrfmiddlewaretoken=token, **fields))

    threads = [threading.Thread(target=submit, args=each) for each in zip(browsers, tokens, range(4), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(page.status for page in pages) == [302, 404, 404, 404]
    winner = next(browser for browser in browsers if "klatch_session" in browser.cookies)
    assert winner.get("/people/").text.count("@example.org") == 1


def test_what_is_wrong_stands_beside_its_field(serve: Serve) -> None:
    server = serve()
    page = server.browser().post("/setup/", **{**GIVEN, "email": "rosa", "password": "12345678"})
    assert page.status == 200
    assert re.search(r'name="email"[^>]*aria-invalid="true"', page.text)
    assert re.search(r'name="password"[^>]*aria-invalid="true"', page.text)
    assert 'value="Tea"' in page.text
    assert "12345678" not in page.text


@pytest.mark.parametrize("how", ["bound to every address", "behind a proxy", "with a public address"])
def test_on_a_network_set_up_needs_the_code_of_the_terminal(serve: Serve, how: str) -> None:
    server = {
        "bound to every address": lambda: serve("--host", "0.0.0.0"),
        "behind a proxy": lambda: serve(KLATCH_TRUSTED_PROXIES="127.0.0.1"),
        "with a public address": lambda: serve(KLATCH_URL="http://chat.example.org"),
    }[how]()
    browser = server.browser("chat.example.org" if "public" in how else "")
    code = server.said("?code=").rsplit("?code=", 1)[1]
    asked = browser.get("/setup/")
    assert asked.status == 403
    assert 'name="password"' not in asked.text
    assert browser.get("/setup/?code=guess").status == 403
    token = browser.get(f"/setup/?code={code}").value(r'csrfmiddlewaretoken" value="([^"]+)')
    assert browser.send("/setup/", csrfmiddlewaretoken=token, **GIVEN).status == 403
    assert browser.send("/setup/", csrfmiddlewaretoken=token, code=code, **GIVEN).status == 302
    assert not (server.data / "setup-code").exists()


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"X-Forwarded-For": "203.0.113.9"}])
def test_a_foreign_page_or_proxy_on_this_machine_needs_the_code_too(serve: Serve, header: dict[str, str]) -> None:
    server = serve()
    assert server.browser().get("/setup/", **header).status == 403
    assert server.browser().get("/setup/", **header, **{"X-Other": ""}).status == 403
