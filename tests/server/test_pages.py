"""Logging in and out, one's own account, and what every page has in common."""

import re

import pytest

from tests.server.browsing import Browser
from tests.server.journeys import invite_link, join, log_in, logged_in
from tests.server.process import PASSWORD, Server


def test_every_page_has_a_strict_policy_and_no_inline_script_or_style(server: Server, rosa: Browser) -> None:
    for path in ("/account/", "/invite/", "/people/", "/accounts/password/", "/accounts/logout/", "/chat/", "/nothing"):
        page = rosa.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<[^>]+\s(on\w+|style)=", page.text), path
        # Data in a script element is not run.
        for script in re.findall(r"<script(?![^>]*application/json)[^>]*>", page.text):
            nonce = re.search(r'nonce="([^"]+)"', script)
            assert nonce, script
            assert f"'nonce-{nonce[1]}'" in policy


def test_a_nonce_is_used_once(rosa: Browser) -> None:
    first, second = (rosa.get("/invite/").value(r'nonce="([^"]+)"') for _ in range(2))
    assert first != second


def test_cookies_are_for_http_only_and_stay_home(server: Server, rosa: Browser) -> None:
    browser = server.browser()
    page = browser.get("/accounts/login/")
    answer = browser.post("/accounts/login/", login="rosa", password=PASSWORD)
    cookies = (page.headers.get_all("Set-Cookie") or []) + (answer.headers.get_all("Set-Cookie") or [])
    assert {cookie.split("=")[0] for cookie in cookies} == {"klatch_csrf", "klatch_known", "klatch_session"}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("login", ["rosa", "ROSA", "rosa@example.org", "Rosa@Example.org"])
def test_people_log_in_by_username_or_email(server: Server, rosa: Browser, login: str) -> None:
    assert logged_in(log_in(server, login))


def test_a_wrong_password_and_a_wrong_name_sound_the_same(server: Server, rosa: Browser) -> None:
    said = []
    for login, password in (("rosa", "wrong password"), ("nobody", PASSWORD)):
        page = server.browser().post("/accounts/login/", login=login, password=password)
        assert page.status == 200
        said.append(page.value(r'role="alert">\s*<p>([^<]+)'))
    assert said[0] == said[1]


def test_logging_out_takes_a_button_and_ends_the_session(server: Server, rosa: Browser) -> None:
    browser = log_in(server, "rosa")
    kept = dict(browser.cookies)
    assert browser.get("/accounts/logout/").status == 200
    assert logged_in(browser)
    browser.post("/accounts/logout/")
    browser.cookies = kept
    assert not logged_in(browser)
    assert logged_in(rosa)


def test_log_in_does_not_send_people_to_foreign_places(server: Server, rosa: Browser) -> None:
    page = server.browser().post(
        "/accounts/login/", form_at="/accounts/login/", login="rosa", password=PASSWORD, next="https://evil.example/"
    )
    assert page.location == "/chat/"


def test_a_form_without_its_token_is_refused_in_the_look_of_the_place(server: Server) -> None:
    page = server.browser().send("/accounts/login/", login="rosa", password=PASSWORD)
    assert page.status == 403
    assert "klatch/css/tokens" in page.text


def test_a_changed_name_and_email_are_kept_and_log_in_follows(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Old Name")
    guest.post("/account/profile/", form_at="/account/", name="New Name", email="old@example.org")
    assert 'value="New Name"' in guest.get("/account/").text
    new = {"form_at": "/account/", "name": "New Name", "email": "new@example.org"}
    for password in ("", "not the password"):
        assert guest.post("/account/profile/", **new, password=password).status == 422
        assert logged_in(log_in(server, "old@example.org"))
    assert guest.post("/account/profile/", **new, password=PASSWORD).status == 302
    assert logged_in(log_in(server, "new@example.org"))
    assert not logged_in(log_in(server, "old@example.org"))
    taken = guest.post("/account/profile/", **{**new, "email": "rosa@example.org"}, password=PASSWORD)
    assert taken.status == 422


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Pia P")
    other = log_in(server, "pia")
    new = "another good password"
    page = guest.post("/accounts/password/", oldpassword="wrong", password1=new)
    assert page.status == 200
    assert guest.post("/accounts/password/", oldpassword=PASSWORD, password1=new).location == "/account/"
    assert logged_in(guest)
    assert not logged_in(other)
    assert logged_in(log_in(server, "pia", new))


def test_logging_out_elsewhere_ends_the_other_sessions_of_this_person_only(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Elsa E")
    other = log_in(server, "elsa")
    guest.post("/account/elsewhere/", form_at="/account/")
    assert logged_in(guest)
    assert not logged_in(other)
    assert logged_in(rosa)


def test_a_token_is_shown_once_works_and_ends_when_revoked(server: Server, rosa: Browser) -> None:
    page = rosa.post("/account/tokens/", form_at="/account/", name="robot", scope="write")
    secret = page.value(r'value="(klatch_[\w-]+)"')
    assert "no-store" in page.headers["Cache-Control"]
    again = rosa.get("/account/")
    assert secret not in again.text
    bearer = {"Authorization": f"Bearer {secret}"}
    assert server.browser().get("/api/v1/rooms", **bearer).status == 200
    pk = again.value(r"/account/tokens/(\d+)/revoke/")
    rosa.post(f"/account/tokens/{pk}/revoke/", form_at="/account/")
    assert server.browser().get("/api/v1/rooms", **bearer).status == 401


def test_the_scope_of_a_token_is_chosen_and_shown_and_a_token_for_reading_changes_nothing(
    server: Server, rosa: Browser
) -> None:
    guest = join(server, invite_link(rosa), "Tess T")
    assert "checked" in guest.get("/account/").value(r'(<input[^>]+value="write"[^>]*>)')
    refused = guest.post("/account/tokens/", form_at="/account/", name="display", scope="everything")
    assert (refused.status, re.findall(r"klatch_[\w-]{40}", refused.text)) == (422, [])
    page = guest.post("/account/tokens/", form_at="/account/", name="display", scope="read")
    bearer = {"Authorization": "Bearer " + page.value(r'value="(klatch_[\w-]+)"')}
    assert "</code> · Read only · made on" in guest.get("/account/").text
    assert "</code> · Read and write ·" not in guest.get("/account/").text
    program = server.browser()
    assert program.get("/api/v1/me", **bearer).status == 200
    assert program._ask("POST", "/api/v1/read-all", None, bearer).status == 403


def test_the_language_can_be_chosen_before_and_after_logging_in(server: Server, rosa: Browser) -> None:
    for browser in (server.browser(), log_in(server, "rosa")):
        at = "/account/" if logged_in(browser) else "/accounts/login/"
        browser.post("/account/language/", form_at=at, language="ko", next=at)
        assert '<html lang="ko"' in browser.get(at).text
        assert (
            browser.post("/account/language/", form_at=at, language="ko", next="https://evil.example").location == "/"
        )
