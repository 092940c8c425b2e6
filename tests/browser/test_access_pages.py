"""Everybody can use the pages around the chat: no violation of axe's rules, none too wide, in any of their states."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.access import Checked
from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Place
from tests.server.journeys import log_in
from tests.server.process import Server, prepared

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("device", DEVICES)]

type Come = Callable[..., Person]
STATUS = r"status of 4\d\d"


def test_setting_up(tmp_path: Path, people: Callable[..., Person], device: Device) -> None:
    seen = Checked()
    poor = {"Name of the place": "Tea", "Your name": "Rosa", "E-mail address": "r@example.org", "Password": "12345678"}
    server = Server(prepared(tmp_path), KLATCH_RATE_LIMIT="off").start()
    try:
        rosa = people(server.url, device)
        rosa.expects(STATUS)
        rosa.goes_to("/")
        seen.check(rosa, "set-up")
        rosa.fills(**poor)
        rosa.presses("Start chatting")
        expect(rosa.page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
        seen.check(rosa, "set-up with a poor password")
        # From any other address the code of the terminal is asked for first.
        server.stop()
        server.options = ("--host", "0.0.0.0")
        server.start()
        rosa.goes_to("/setup/")
        seen.check(rosa, "the set-up code")
        rosa.fills(**{"Set-up code": "guessed"})
        rosa.presses("Go on")
        rosa.sees("That is not the code of this server.")
        seen.check(rosa, "a wrong set-up code")
    finally:
        server.stop()
    seen.verdict()


def test_coming_in(place: Place, people: Callable[..., Person], device: Device) -> None:
    seen = Checked()
    stranger = people(place.url, device)
    stranger.expects(STATUS)
    stranger.goes_to("/accounts/login/")
    seen.check(stranger, "log-in")
    stranger.log_in("rosa@example.org", "not her password")
    expect(stranger.page.get_by_role("alert")).to_be_visible()
    seen.check(stranger, "log-in refused")
    secret = place.rosa.api("POST", "/invites", room=place.lobby.id)["secret"]
    for path, state in {
        f"/join/{secret}/": "sign-up by invite",
        "/join/nothing/": "an invite that is over",
        "/accounts/signup/": "sign-up closed",
        "/nothing/here/": "error 404",
    }.items():
        stranger.goes_to(path)
        seen.check(stranger, state)
    seen.verdict()


def test_being_in(place: Place, come: Come, device: Device) -> None:
    seen = Checked()
    ada = come(place.account("Ada Byron"), device=device)
    ada.expects(STATUS)
    secret = place.rosa.api("POST", "/invites", room=place.room(place.rosa).id)["secret"]
    for path, state in {
        "/account/": "account",
        "/accounts/password/": "change of password",
        "/accounts/logout/": "log-out",
        f"/join/{secret}/": "an invite for who is in",
        "/people/": "error 403",
    }.items():
        ada.goes_to(path)
        seen.check(ada, state)
    ada.goes_to("/account/")
    ada.fills(**{"What is it for?": "my script"})
    ada.presses("Make a token")
    ada.sees("is shown only now")
    seen.check(ada, "account with a new token")
    other = log_in(place.server, "ada")
    other.get("/account/", **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
    ada.goes_to("/account/")
    ada.sees("Firefox on Linux")
    seen.check(ada, "account with two devices")
    ada.fills(**{"E-mail address": "elsewhere@example.org"})
    ada.presses("Save")
    ada.sees("To change your e-mail address, type your password.")
    seen.check(ada, "account without the password for a new address")
    ada.goes_to("/account/")
    ada.press(ada.page.get_by_role("button", name=re.compile("^Log out Firefox on Linux")).first)
    ada.sees("That device is logged out.")
    seen.check(ada, "account with a device logged out")
    ada.goes_to("/audit/")
    seen.check(ada, "error 404 for who is no owner")
    seen.verdict()


def test_owning_the_place(place: Place, come: Come, people: Callable[..., Person], device: Device) -> None:
    seen = Checked()
    place.account("Ada Byron")
    rosa = come(place.rosa, device=device)
    rosa.goes_to("/invite/")
    seen.check(rosa, "invite")
    rosa.presses("Make an invite link")
    expect(rosa.page.get_by_role("img", name="QR code of the invite link")).to_be_visible()
    seen.check(rosa, "a new invite link")
    rosa.goes_to("/people/")
    seen.check(rosa, "people")
    rosa.presses("Password link ada")
    link = rosa.page.get_by_role("textbox", name="Link for a new password").input_value()
    seen.check(rosa, "people with a password link")
    rosa.goes_to("/people/?q=nobody-of-this-name")
    seen.check(rosa, "people, nobody found")
    room = place.room(place.rosa)
    place.rosa.api("PATCH", f"/rooms/{room.id}", archived=True)
    rosa.goes_to("/audit/")
    rosa.sees("Password link made")
    seen.check(rosa, "what was done")
    for number in range(26):
        made = place.rosa.api("POST", "/tokens", name=f"robot number {number} with a name of some length")
        place.rosa.api("DELETE", f"/tokens/{made['id']}")
    rosa.goes_to("/audit/")
    rosa.presses("Older")
    rosa.sees("Newest")
    seen.check(rosa, "what was done before")
    ada = people(place.url, device)
    ada.goes_to(link)
    seen.check(ada, "a new password by link")
    seen.verdict()
