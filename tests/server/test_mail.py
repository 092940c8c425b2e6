"""What happens by e-mail, where e-mail is set up; the mails are read from the terminal."""

import quopri
import re
from collections.abc import Callable

from tests.server.process import PASSWORD, Server

Serve = Callable[..., Server]
MAIL = {"KLATCH_EMAIL_URL": "console:", "KLATCH_URL": "http://127.0.0.1", "KLATCH_RATE_LIMIT": "off"}


def mailed(server: Server, sign: str) -> str:
    """The path of the link in the mail that has ``sign`` in it; checks that the mail speaks for the place."""
    server.said("-" * 70)
    text = quopri.decodestring("\n".join(server.lines).encode()).decode()
    assert "Subject: Tea House: " in text
    found = re.search(rf"http://127\.0\.0\.1:\d+(\S*{sign}\S+)", text)
    assert found, text
    return found[1]


def test_a_forgotten_password_is_mended_by_mail(serve: Serve) -> None:
    server = serve(**MAIL)
    server.set_up()
    token = {"Authorization": f"Bearer {server.klatch('token', 'rosa').stdout.strip()}"}
    assert server.browser().get("/api/v1/rooms", **token).status == 200
    lost = server.browser()
    assert "/accounts/password/reset/" in lost.get("/accounts/login/").text
    known = lost.post("/accounts/password/reset/", email="rosa@example.org")
    unknown = lost.post("/accounts/password/reset/", email="nobody@example.org")
    assert known.location == unknown.location
    form = lost.follow(lost.get(mailed(server, "/reset/key/")))
    assert form.status == 200
    action = form.value(r'<form method="post" action="([^"]+)"')
    new = "remembered from now on"
    done = lost.post(action, password1=new, password2=new)
    assert done.status == 302, done.text
    again = server.browser()
    assert again.post("/accounts/login/", login="rosa", password=new).location == "/chat/"
    # Whoever had the account meanwhile may have made it.
    assert server.browser().get("/api/v1/rooms", **token).status == 401
    assert "New password set" in again.get("/audit/").text


def test_a_new_address_is_asked_to_confirm_and_an_old_host_name_changes_no_link(serve: Serve) -> None:
    server = serve(**MAIL)
    server.set_up(signup="open")
    ada = server.browser()
    page = ada.post("/accounts/signup/", name="Ada", email="ada@example.org", password1=PASSWORD)
    assert page.status == 302
    assert ada.get("/account/").status == 200
    path = mailed(server, "/confirm-email/")
    assert "ada@example.org" in ada.get(path).text
    assert ada.post(path).status == 302
    assert server.browser("evil.example").get("/accounts/password/reset/").status == 400
