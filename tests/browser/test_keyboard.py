"""The whole of it without a mouse: every step by keys, the focus always in sight and never lost."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.person import Person
from tests.browser.place import Account, Place

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]

# What has the focus, as somebody who cannot see it is told; and whether it can be seen: where one writes, by the caret.
FOCUS = """() => {
  const at = document.activeElement, label = at.getAttribute('aria-label') || at.labels?.[0]?.textContent;
  const name = (label || at.textContent).trim(), look = getComputedStyle(at);
  const writes = at.matches('textarea, input:not([type=checkbox], [type=radio])');
  const shows = writes || look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0;
  return [at === document.body ? '' : name, shows];
}"""


class Keys:
    """A person's hands on the keyboard."""

    def __init__(self, person: Person) -> None:
        self.person, self.page = person, person.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def focus(self) -> str:
        name, shows = self.page.evaluate(FOCUS)
        assert name, "the focus is lost"
        assert shows, f"nobody sees that {name!r} has the focus"
        return str(name)

    def tab_to(self, name: str, key: str = "Tab", most: int = 60) -> None:
        seen = []
        for _ in range(most):
            self.press(key)
            seen.append(self.focus())
            if seen[-1].startswith(name):
                return
        raise AssertionError(f"{name!r} was not reached: {seen}")

    def to_the_last_message(self) -> Locator:
        """From the composer: the log is one stop for Tab, its newest message."""
        expect(self.person.composer).to_be_focused()
        last = self.person.log.get_by_role("article").last
        for _ in range(4):
            self.press("Shift+Tab")
            if last.evaluate("row => row === document.activeElement"):
                return last
        raise AssertionError("Shift+Tab did not reach the newest message")


@pytest.fixture
def ada(place: Place) -> Account:
    return place.account("Ada Byron")


@pytest.fixture
def keys(place: Place, come: Come, ada: Account) -> Keys:
    """Ada in a room where Rosa asked something."""
    room = place.room(place.rosa, ada)
    place.rosa.posts(room.id, "who makes the tea?")
    her = come(ada, room)
    her.hears("who makes the tea?")
    return Keys(her)


def test_logging_in_choosing_a_room_and_talking(place: Place, people: Callable[..., Person], ada: Account) -> None:
    room = place.room(place.rosa, ada, name="samovar")
    her = people(place.url)
    keys = Keys(her)
    her.goes_to("/chat/lobby/")
    keys.focus()
    keys.type(ada.email)
    keys.press("Tab")
    keys.focus()
    keys.type("correct horse battery")
    keys.press("Enter")
    her.is_in("lobby")
    expect(her.composer).to_be_focused()
    keys.press("Control+k")
    expect(her.page.get_by_role("combobox", name="Jump to a room or a person")).to_be_focused()
    keys.focus()
    keys.type("samo")
    expect(her.page.get_by_role("option", name=room.name)).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    her.is_in("samovar")
    expect(her.composer).to_be_focused()
    keys.type("is it hot?")
    keys.press("Enter")
    her.hears("is it hot?")


def test_the_last_message_is_changed_by_the_arrow_up(keys: Keys) -> None:
    her = keys.person
    keys.type("I do")
    keys.press("Enter")
    her.hears("I do")
    keys.press("ArrowUp")
    expect(her.page.get_by_role("textbox", name="Change the message")).to_be_focused()
    keys.type(" not")
    keys.press("Enter")
    expect(her.message("I do not")).to_contain_text("edited")
    expect(her.composer).to_be_focused()
    keys.press("ArrowUp")
    keys.type(" care")
    keys.press("Escape")
    expect(her.composer).to_be_focused()
    expect(her.message("I do not")).not_to_contain_text("care")


def test_a_message_is_answered_by_r_and_reacted_to_by_plus(keys: Keys) -> None:
    her = keys.person
    keys.to_the_last_message()
    keys.focus()
    keys.press("r")
    expect(her.composer).to_be_focused()
    keys.type("nobody")
    keys.press("Enter")
    expect(her.message("nobody").get_by_role("link")).to_contain_text("who makes the tea?")

    keys.to_the_last_message()
    keys.press("ArrowUp")
    expect(her.message("who makes the tea?").first).to_be_focused()
    keys.press("+")
    panel = her.page.get_by_role("dialog", name="Emoji")
    expect(panel.get_by_role("button").first).to_be_focused()
    keys.focus()
    keys.press("ArrowRight", "ArrowRight", "Enter")
    expect(panel).to_have_count(0)
    expect(her.message("who makes the tea?").first.get_by_role("button", name="heart, 1")).to_be_visible()
    assert keys.focus()


def test_a_message_is_deleted_after_a_question(keys: Keys) -> None:
    her = keys.person
    keys.type("forget it")
    keys.press("Enter")
    her.hears("forget it")
    keys.to_the_last_message()
    keys.press("Enter")
    keys.tab_to("More", most=4)
    keys.press("Enter")
    menu = her.page.get_by_role("menu", name="Message")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    keys.tab_to("Delete", "ArrowDown", most=4)
    keys.press("Enter")
    dialog = her.page.get_by_role("dialog", name="Delete this message?")
    expect(dialog).to_be_visible()
    # The first press of Enter must not be the one that deletes.
    assert keys.focus() != "Delete"
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    keys.focus()
    her.hears("forget it")

    her.message("forget it").focus()
    keys.press("Enter")
    keys.tab_to("More", most=4)
    keys.press("Enter")
    keys.tab_to("Delete", "ArrowDown", most=4)
    keys.press("Enter")
    keys.tab_to("Delete", most=4)
    keys.press("Enter")
    her.sees("This message was deleted")
    expect(dialog).to_have_count(0)
    expect(her.log.get_by_role("article").last).to_be_focused()
    keys.focus()


def test_search_opens_a_result_in_its_place_and_escape_leads_back(keys: Keys) -> None:
    her = keys.person
    keys.to_the_last_message()
    keys.press("/")
    expect(her.page.get_by_role("searchbox", name="Search messages")).to_be_focused()
    keys.type("tea")
    result = her.page.get_by_role("complementary", name="Search").get_by_role("list").get_by_role("link")
    expect(result).to_have_count(1)
    for _ in range(3):
        keys.press("Tab")
        keys.focus()
    expect(result).to_be_focused()
    keys.press("Enter")
    expect(her.page).to_have_url(re.compile("/1/$"))
    expect(her.message("who makes the tea?")).to_be_in_viewport()
    keys.press("Escape")
    expect(her.page.get_by_role("complementary", name="Search")).to_have_count(0)
    expect(her.composer).to_be_focused()


def test_a_room_is_created(keys: Keys) -> None:
    her = keys.person
    keys.tab_to("Create a room", "Shift+Tab")
    keys.press("Enter")
    dialog = her.page.get_by_role("dialog", name="Create a room")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    assert keys.focus() == "Create a room"
    keys.press("Enter")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    keys.type("saucers")
    keys.tab_to("Create", most=8)
    keys.press("Enter")
    her.is_in("saucers")
    expect(her.composer).to_be_focused()


def test_help_is_a_question_mark_away_and_gives_the_focus_back(keys: Keys) -> None:
    her = keys.person
    row = keys.to_the_last_message()
    keys.press("?")
    dialog = her.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    keys.focus()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row).to_be_focused()


def test_single_keys_can_be_switched_off(keys: Keys) -> None:
    her = keys.person
    keys.to_the_last_message()
    keys.press("?")

    box = her.page.get_by_role("checkbox", name="on")
    box.focus()
    keys.press("Space")
    keys.press("Escape")
    expect(her.page.get_by_role("dialog")).to_have_count(0)
    keys.press("?", "r")
    expect(her.page.get_by_role("dialog")).to_have_count(0)
    expect(her.button("Do not reply to this")).to_have_count(0)
    keys.press("Control+k")
    expect(her.page.get_by_role("dialog", name="Jump to a room or a person")).to_be_visible()


def test_n_leads_to_the_next_room_with_something_new(place: Place, keys: Keys, ada: Account) -> None:
    room = place.room(place.rosa, ada)
    place.rosa.posts(room.id, "over here")
    keys.person.unread(room.name, 1)
    keys.to_the_last_message()
    keys.press("n")
    keys.person.is_in(room.name)
    keys.person.hears("over here")


def test_the_first_tab_skips_to_the_content(place: Place, come: Come, ada: Account) -> None:
    her = come(ada)
    her.goes_to("/account/")
    keys = Keys(her)
    keys.press("Tab")
    assert keys.focus() == "Skip to the content"
    expect(her.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    keys.press("Enter", "Tab")
    expect(her.page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
