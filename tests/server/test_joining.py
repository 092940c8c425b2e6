"""Invite links: made, looked at, joined by, revoked."""

import re
from datetime import UTC, datetime, timedelta
from sqlite3 import connect

from tests.server.browsing import Browser
from tests.server.journeys import invite_link, join, logged_in
from tests.server.process import PASSWORD, Server


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
