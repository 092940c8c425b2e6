"""The first two minutes: one sets the place up, another comes in by a link, and they talk."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.person import DEVICES, Device, Person
from tests.server.process import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has set up."""
    running = Server(tmp_path_factory.mktemp("klatch"), KLATCH_RATE_LIMIT="off").start()
    yield running
    running.stop()


@pytest.mark.parametrize("device", DEVICES)
def test_one_sets_up_another_comes_by_link_and_they_talk(
    fresh: Server, people: Callable[..., Person], device: Device
) -> None:
    rosa = people(fresh.url, device)
    rosa.set_up("Rosa Lindqvist")
    rosa.sees("This is the beginning of #lobby")

    invite = rosa.context.new_page()
    invite.goto(f"{fresh.url}/invite/")
    invite.get_by_role("button", name="Make an invite link").click()
    expect(invite.get_by_role("img", name="QR code of the invite link")).to_be_visible()
    link = invite.get_by_role("textbox", name="Invite link").input_value()
    assert re.fullmatch(rf"{fresh.url}/join/[\w-]+/", link), link
    invite.close()

    ada = people(fresh.url, device)
    ada.sign_up_by_link(link, "Ada Byron")
    rosa.sees("Rosa Lindqvist invited Ada Byron")
    members = rosa.page.get_by_role("complementary", name="Members")
    if device == "phone":
        rosa.presses("Members")
    expect(members).to_contain_text("Online · 2")
    if device == "phone":
        rosa.press(members.get_by_role("button", name="Close"))
    else:
        rosa.sees("2 online")
    rosa.say("Welcome, Ada")
    ada.hears("Welcome, Ada")
    ada.say("Thank you, Rosa")
    rosa.hears("Welcome, Ada", "Thank you, Rosa")
    ada.hears("Welcome, Ada", "Thank you, Rosa")


def test_a_link_lets_nobody_in_who_only_looks(fresh: Server, people: Callable[..., Person]) -> None:
    rosa = people(fresh.url)
    rosa.set_up("Rosa Lindqvist")
    rosa.goes_to("/invite/")
    rosa.presses("Make an invite link")
    link = rosa.page.get_by_role("textbox", name="Invite link").input_value()
    ada = people(fresh.url)
    ada.goes_to(link)
    ada.sees("Rosa Lindqvist invites you to the room")
    rosa.goes_to("/chat/lobby/")
    rosa.not_sees("invited")
    rosa.sees("1 online")
