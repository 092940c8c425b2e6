"""A person at a browser: what they do and what they see, found by role and name as a screen reader says them.

Knows no class and no id of the page.
"""

import re
from typing import Literal

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, WebError, expect

from tests.browser.place import email_of
from tests.server.process import PASSWORD

Device = Literal["desktop", "phone"]
DEVICES: tuple[Device, ...] = ("desktop", "phone")
SHAPES = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


class Person:
    """One browser of one person, with cookies and storage of its own."""

    def __init__(self, context: BrowserContext, url: str, device: Device) -> None:
        self.context, self.url, self.device = context, url, device
        self.faults: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        self.page = context.new_page()

    # What went wrong on the pages, seen or not.

    def _console(self, message: ConsoleMessage) -> None:
        # Violations of the content security policy are said here as well.
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self.faults.append(f"thrown: {error.error}")

    def expects(self, *patterns: str) -> None:
        """What the console may say on this journey: a server that is away leaves failed requests there."""
        self._expected += patterns

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self._expected)]

    # Coming in.

    def goes_to(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.url + path)

    def fills(self, **fields: str) -> None:
        """Fill a form: ``fills(Your_name="Rosa")``."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def presses(self, name: str) -> None:
        """A button or a link of this name."""
        self.press(self.button(name).or_(self.page.get_by_role("link", name=name, exact=True)))

    def press(self, what: Locator) -> None:
        """With the finger or with the mouse."""
        what.tap() if self.device == "phone" else what.click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def set_up(self, name: str, place: str = "Tea House") -> None:
        self.goes_to("/")
        expect(self.page.get_by_role("heading", name="Let us set up your place")).to_be_visible()
        self.fills(Name_of_the_place=place, Your_name=name, **_credentials(name))
        self.presses("Start chatting")
        self.is_in("lobby")

    def sign_up_by_link(self, link: str, name: str, room: str = "lobby") -> None:
        self.goes_to(link)
        self.fills(Your_name=name, **_credentials(name))
        self.presses("Make an account and join")
        self.is_in(room)

    def log_in(self, email: str, password: str = PASSWORD) -> None:
        self.fills(**{"E-mail address or username": email, "Password": password})
        self.presses("Log in")

    # Rooms.

    @property
    def side(self) -> Locator:
        return self.page.get_by_role("navigation", name="Conversations")

    def room_link(self, name: str) -> Locator:
        return self.side.get_by_role("link", name=re.compile(rf"^{re.escape(name)}( \d+ unread messages?| Draft)?$"))

    def unread(self, room: str, number: int) -> None:
        """What the list says about a room."""
        said = f"{room} {number} unread message{'' if number == 1 else 's'}" if number else room
        expect(self.side.get_by_role("link", name=said, exact=True)).to_be_visible()

    def back_to_the_list(self) -> None:
        """On a phone either the list or a room is on the screen."""
        if self.device == "phone":
            self.presses("Back to the list")

    def open_room(self, name: str) -> None:
        if not self.side.is_visible():
            self.back_to_the_list()
        self.press(self.room_link(name))
        self.is_in(name)

    def is_in(self, name: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()
        expect(self.composer).to_be_visible()
        expect(self.log).to_have_attribute("aria-busy", "false")

    # Talking.

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("^Message "))

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name="Messages")

    def message(self, text: str | re.Pattern[str]) -> Locator:
        return self.log.get_by_role("article").filter(has_text=text)

    def say(self, text: str) -> None:
        self.composer.fill(text)
        if self.device == "phone":
            self.presses("Send")
        else:
            self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    def hears(self, *texts: str) -> None:
        """These messages, once each, stored and in this order."""
        for text in texts:
            expect(self.message(text)).to_have_count(1)
            expect(self.message(text)).not_to_contain_text(re.compile("sending…|waits for the line"))
        shown = [row for row in self.log.get_by_role("article").all_inner_texts() if any(t in row for t in texts)]
        assert len(shown) == len(texts), shown
        assert all(text in row for text, row in zip(texts, shown, strict=True)), shown

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def not_sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).filter(visible=True)).to_have_count(0)

    def tool(self, text: str, name: str) -> None:
        """Something that can be done with a message: by pointing at it, or by tapping on it."""
        # The first: answers that quote it come later.
        message = self.message(text).first
        button = message.get_by_role("button", name=name, exact=True)
        if self.device == "desktop":
            message.hover()
        elif not button.is_visible():
            message.tap()
        self.press(button)


def _credentials(name: str) -> dict[str, str]:
    return {"E-mail_address": email_of(name), "Password": PASSWORD}
