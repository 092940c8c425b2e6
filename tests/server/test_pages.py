"""The pages around the chat, walked through as people do: logging in, inviting, joining, leaving."""

import re
from datetime import UTC, datetime, timedelta
from sqlite3 import connect

import pytest

from tests.server.browsing import Browser
from tests.server.process import PASSWORD, Server


@pytest.fixture(scope="module")
def rosa(server: Server) -> Browser:
    return server.set_up()


def invite_link(browser: Browser) -> str:
    """The path of a new link into the lobby."""
    room = browser.get("/invite/").value(r'<option value="(\d+)"[^>]*>lobby')
    return browser.post("/invite/", room=room).value(r'value="http://[^/]+(/join/[^"]+)"')


def join(server: Server, link: str, name: str) -> Browser:
    guest = server.browser()
    page = guest.post(link, name=name, email=f"{name.split()[0].lower()}@example.org", password1=PASSWORD)
    assert page.location == "/chat/lobby/", page.text
    return guest


def log_in(server: Server, login: str, password: str = PASSWORD) -> Browser:
    browser = server.browser()
    browser.post("/accounts/login/", login=login, password=password)
    return browser


def logged_in(browser: Browser) -> bool:
    return browser.get("/account/").status == 200


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


def test_cookies_are_for_http_only_and_stay_home(server: Server) -> None:
    browser = server.browser()
    page = browser.get("/accounts/login/")
    answer = browser.post("/accounts/login/", login="rosa", password=PASSWORD)
    cookies = (page.headers.get_all("Set-Cookie") or []) + (answer.headers.get_all("Set-Cookie") or [])
    assert {cookie.split("=")[0] for cookie in cookies} == {"klatch_csrf", "klatch_session"}
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


def test_sign_up_is_closed_without_an_invitation_and_opens_with_the_place(server: Server, rosa: Browser) -> None:
    stranger = server.browser()
    assert 'name="password1"' not in stranger.get("/accounts/signup/").text
    assert stranger.send("/accounts/signup/").status == 403
    rosa.post("/people/place/", form_at="/people/", name="Tea House", signup="open")
    try:
        page = stranger.post("/accounts/signup/", name="Open Olga", email="olga@example.org", password1=PASSWORD)
        assert page.status == 302
        assert logged_in(stranger)
        assert "lobby" in stranger.get("/invite/").text
    finally:
        rosa.post("/people/place/", form_at="/people/", name="Tea House", signup="invite")
    assert 'name="password1"' not in server.browser().get("/accounts/signup/").text


def test_a_stranger_joins_by_a_link_with_name_email_and_password(server: Server, rosa: Browser) -> None:
    link = invite_link(rosa)
    guest = server.browser()
    landing = guest.get(link)
    assert "Rosa Lindqvist invites you" in landing.text
    assert landing.headers["Referrer-Policy"] == "same-origin"
    guest = join(server, link, "Ada Byron")
    assert "@ada" in guest.get("/account/").text
    assert guest.get("/chat/lobby/").status == 200


def test_looking_at_a_link_uses_nothing_up_and_joins_nobody(server: Server, rosa: Browser) -> None:
    link = invite_link(rosa)
    browser = server.browser()
    for _ in range(3):
        assert browser.get(link).status == 200
    with connect(server.data / "klatch.sqlite3") as database:
        assert database.execute("SELECT uses FROM klatch_invite ORDER BY id DESC LIMIT 1").fetchone() == (0,)
    database.close()


def test_a_member_joins_with_a_button_and_twice_does_no_harm(server: Server, rosa: Browser) -> None:
    link = invite_link(rosa)
    guest = join(server, link, "Twice Tom")
    for _ in range(2):
        assert guest.post(link).location == "/chat/lobby/"
    with connect(server.data / "klatch.sqlite3") as database:
        uses = database.execute("SELECT uses FROM klatch_invite ORDER BY id DESC LIMIT 1").fetchone()
    database.close()
    assert uses == (1,)


def test_log_in_leads_back_to_the_invitation(server: Server, rosa: Browser) -> None:
    link = invite_link(rosa)
    browser = server.browser()
    log_in_at = browser.get(link).value(r'href="(/accounts/login/\?next=[^"]+)"')
    page = browser.post("/accounts/login/", form_at=log_in_at, login="rosa", password=PASSWORD, next=link)
    assert page.location == link


def test_revoked_expired_used_up_and_invented_links_look_alike(server: Server, rosa: Browser) -> None:
    links = [invite_link(rosa) for _ in range(3)]
    with connect(server.data / "klatch.sqlite3") as database:
        ids = [row[0] for row in database.execute("SELECT id FROM klatch_invite ORDER BY id DESC LIMIT 3")][::-1]
        past = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
        database.execute("UPDATE klatch_invite SET expires_at=? WHERE id=?", (past, ids[1]))
        database.execute("UPDATE klatch_invite SET max_uses=1, uses=1 WHERE id=?", (ids[2],))
    database.close()
    assert rosa.post(f"/invite/{ids[0]}/revoke/", form_at="/invite/").status == 302
    pages = []
    for link in [*links, "/join/invented/"]:
        page = server.browser().get(link)
        assert page.status == 404
        assert "This invitation is over" in page.text
        pages.append(re.sub(r'value="[^"]*"', "", page.text))
        # Sent anyway, as if the form had been open since before.
        guest = server.browser()
        guest.get("/accounts/login/")
        fields = {"name": "Late Lee", "email": "late@example.org", "password1": PASSWORD}
        token = (guest.page and guest.page.value(r'csrfmiddlewaretoken" value="([^"]+)')) or ""
        assert guest.send(link, csrfmiddlewaretoken=token, **fields).status == 404
    assert len(set(pages)) == 1
    assert "late@example.org" not in rosa.get("/people/?q=late").text


def test_somebody_elses_link_cannot_be_revoked(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Mallory M")
    link = invite_link(rosa)
    with connect(server.data / "klatch.sqlite3") as database:
        (pk,) = database.execute("SELECT max(id) FROM klatch_invite").fetchone()
    database.close()
    assert guest.post(f"/invite/{pk}/revoke/", form_at="/invite/").status == 404
    assert server.browser().get(link).status == 200


def test_an_invite_page_has_a_code_for_cameras_without_inline_styles(rosa: Browser) -> None:
    room = rosa.get("/invite/").value(r'<option value="(\d+)"[^>]*>lobby')
    page = rosa.post("/invite/", room=room)
    assert "<svg" in page.value(r'(?s)(<div class="qr".*?</div>)')
    assert "style=" not in page.text


def test_names_of_every_script_make_usernames_and_the_same_name_twice_makes_two(server: Server, rosa: Browser) -> None:
    link = invite_link(rosa)
    handles = []
    for number, name in enumerate(["Ольга Иванова", "Ольга Петрова", "田中", "Everyone"]):
        guest = server.browser()
        guest.post(link, name=name, email=f"script{number}@example.org", password1=PASSWORD)
        handles.append(guest.get("/account/").value(r"mention you as @([^.<]+)"))
    assert handles == ["ольга", "ольга2", "田中", "everyone2"]


def test_one_email_address_makes_one_account(server: Server, rosa: Browser) -> None:
    page = server.browser().post(invite_link(rosa), name="Second Rosa", email="ROSA@example.org", password1=PASSWORD)
    assert page.status == 200
    assert re.search(r'name="email"[^>]*aria-invalid="true"', page.text)


def test_a_changed_name_and_email_are_kept_and_log_in_follows(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Old Name")
    guest.post("/account/profile/", form_at="/account/", name="New Name", email="new@example.org")
    assert 'value="New Name"' in guest.get("/account/").text
    assert logged_in(log_in(server, "new@example.org"))
    assert not logged_in(log_in(server, "old@example.org"))
    taken = guest.post("/account/profile/", form_at="/account/", name="New Name", email="rosa@example.org")
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
    page = rosa.post("/account/tokens/", form_at="/account/", name="robot")
    secret = page.value(r'value="(klatch_[\w-]+)"')
    assert "no-store" in page.headers["Cache-Control"]
    again = rosa.get("/account/")
    assert secret not in again.text
    bearer = {"Authorization": f"Bearer {secret}"}
    assert server.browser().get("/api/v1/rooms", **bearer).status == 200
    pk = again.value(r"/account/tokens/(\d+)/revoke/")
    rosa.post(f"/account/tokens/{pk}/revoke/", form_at="/account/")
    assert server.browser().get("/api/v1/rooms", **bearer).status == 401


def test_the_language_can_be_chosen_before_and_after_logging_in(server: Server, rosa: Browser) -> None:
    for browser in (server.browser(), log_in(server, "rosa")):
        at = "/account/" if logged_in(browser) else "/accounts/login/"
        browser.post("/account/language/", form_at=at, language="ko", next=at)
        assert '<html lang="ko"' in browser.get(at).text
        assert (
            browser.post("/account/language/", form_at=at, language="ko", next="https://evil.example").location == "/"
        )


def test_only_owners_see_people(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Plain Pat")
    assert guest.get("/people/").status == 403
    assert guest.get("/admin/").status == 302
    assert server.browser().get("/people/").location.startswith("/accounts/login/")
    assert guest.post("/people/1/deactivate/", form_at="/account/").status == 403
    assert logged_in(rosa)


def pk_of(rosa: Browser, name: str) -> str:
    return rosa.get(f"/people/?q={name}").value(r"/people/(\d+)/deactivate/")


def test_a_deactivated_person_is_out_and_comes_back_when_let_in(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Dan D")
    pk = pk_of(rosa, "dan")
    rosa.post(f"/people/{pk}/deactivate/", form_at="/people/")
    assert not logged_in(guest)
    assert not logged_in(log_in(server, "dan"))
    rosa.post(f"/people/{pk}/reactivate/", form_at="/people/")
    assert logged_in(log_in(server, "dan"))


def test_an_owner_cannot_deactivate_themselves(server: Server, rosa: Browser) -> None:
    rosa.post("/people/1/deactivate/", form_at="/people/")
    assert logged_in(rosa)


def test_a_lost_password_is_mended_by_a_link_that_works_once(server: Server, rosa: Browser) -> None:
    join(server, invite_link(rosa), "Lost Lou")
    pk = pk_of(rosa, "lost")
    page = rosa.post(f"/people/{pk}/reset/", form_at="/people/")
    link = page.value(r'value="http://[^/]+(/reset/[^"]+)"')
    lou = server.browser()
    looked = lou.get(link)
    assert looked.status == 200
    assert looked.headers["Referrer-Policy"] == "same-origin"
    assert lou.post(link, new_password="12345678").status == 200
    new = "a password to remember"
    assert lou.post(link, new_password=new).location == "/accounts/login/"
    assert logged_in(log_in(server, "lost", new))
    assert lou.get(link).status == 404
    assert lou.get("/reset/MQ/invented-token/").status == 404
    assert lou.get("/reset/x/y/").status == 404


def test_the_admin_shows_the_log_and_changes_nothing(server: Server, rosa: Browser) -> None:
    for model in ("room", "membership", "ban", "message", "reaction", "event", "invite", "token"):
        page = rosa.get(f"/admin/klatch/{model}/?q=lobby")
        assert page.status == 200, model
        assert rosa.get(f"/admin/klatch/{model}/add/").status == 403
    event = rosa.get("/admin/klatch/event/").value(r"/admin/klatch/event/(\d+)/change/")
    assert rosa.get(f"/admin/klatch/event/{event}/delete/").status == 403
    assert rosa.send(f"/admin/klatch/event/{event}/change/").status == 403
    hashes = rosa.get("/admin/klatch/token/").text
    assert not re.search(r"\b[0-9a-f]{64}\b", hashes)


def test_the_admin_has_no_log_in_of_its_own(server: Server) -> None:
    page = server.browser().get("/admin/login/")
    assert page.status == 302
    assert page.location.startswith("/accounts/login/")
