"""Everybody can use the chat: no violation of axe's rules, none too wide, in any of its states."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.access import Checked
from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Account, Place, Room

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("device", DEVICES)]

type Come = Callable[..., Person]
LONG = "a_name_without_any_place_to_break_it_" * 4


@pytest.fixture(scope="module")
def ada(place: Place) -> Account:
    return place.account("Ada Byron")


@pytest.fixture(scope="module")
def lively(place: Place, ada: Account) -> Room:
    """A room with everything that can stand in one, and Cleo, who never comes."""
    cleo = place.account("Cleo Newman")
    room = place.room(
        place.rosa, ada, cleo, name="everything", description="What a room can hold, and a little more of it"
    )
    first, second, gone = place.rosa.posts(
        room.id,
        "**Loud**, *soft*, ~~gone~~ and `klatch serve`; see https://example.org/" + "long/" * 30,
        "> a quotation\n\n1. one\n2. two\n\n```python\ndef pour(cup: str) -> None:  # gently\n    return None\n```",
        "to be deleted",
    )
    ada.posts(room.id, "@rosa, look at #lobby", LONG)
    [answer] = ada.posts(room.id, "I see", reply_to=first)
    ada.api("PATCH", f"/messages/{answer}", body="I see it now")
    for account, emoji in ((ada, "🎉"), (place.rosa, "🎉"), (ada, "👍")):
        account.api("POST", f"/messages/{second}/reactions", emoji=emoji)
    place.rosa.api("DELETE", f"/messages/{gone}")
    place.rosa.api("PATCH", f"/rooms/{room.id}/members/{ada.id}", role="moderator")
    place.rosa.posts(room.id, "below the line")
    return room


def test_reading_and_writing(come: Come, ada: Account, lively: Room, device: Device) -> None:
    seen = Checked()
    her = come(ada, lively, device)
    her.hears("below the line")
    seen.check(her, "a room with messages")
    her.tool("I see it now", "More")
    seen.check(her, "the menu of a message")
    her.page.keyboard.press("Escape")
    her.tool("I see it now", "React")
    seen.check(her, "the panel of emoji")
    her.page.keyboard.press("Escape")
    her.tool("I see it now", "Reply")
    seen.check(her, "answering")
    her.presses("Do not reply to this")
    her.composer.press_sequentially("@r")
    expect(her.page.get_by_role("option", name="Rosa Lindqvist")).to_be_visible()
    seen.check(her, "completing a name")
    her.composer.fill("")
    her.tool("I see it now", "Edit")
    seen.check(her, "changing a message")
    her.presses("Cancel")
    her.tool("I see it now", "More")
    her.press(her.page.get_by_role("menuitem", name="Delete"))
    expect(her.page.get_by_role("dialog")).to_be_visible()
    seen.check(her, "the question before a message is deleted")
    seen.verdict()


def test_panels(place: Place, come: Come, lively: Room, device: Device) -> None:
    seen = Checked()
    rosa = come(place.rosa, lively, device)

    def opens(name: str) -> None:
        panel = rosa.page.get_by_role("complementary", name=name)
        if not panel.is_visible():
            rosa.presses(name)
        expect(panel).to_be_visible()

    def closes() -> None:
        rosa.press(rosa.page.get_by_role("complementary").get_by_role("button", name="Close"))

    opens("Members")
    rosa.sees("Ada Byron")
    seen.check(rosa, "members")
    # Of somebody who is not about to go: as the row moves to those who are away, its menu closes.
    rosa.presses("What you can do with Cleo Newman")
    seen.check(rosa, "what one can do with a member")
    rosa.press(rosa.page.get_by_role("menuitem", name="Remove from the room"))
    seen.check(rosa, "the question before somebody is removed")
    rosa.presses("Cancel")
    rosa.presses("Add people")
    rosa.sees("Add people to #everything")
    seen.check(rosa, "adding people")
    rosa.presses("Cancel")
    closes()
    opens("About this room")
    seen.check(rosa, "about the room")
    rosa.presses("Leave the room")
    seen.check(rosa, "the question before one leaves")
    rosa.presses("Cancel")
    closes()
    opens("Search")
    seen.check(rosa, "search")
    box = rosa.page.get_by_role("searchbox", name="Search messages")
    box.fill("nothingofthesort")
    rosa.sees("Nothing found")
    seen.check(rosa, "search without results")
    rosa.presses("Everywhere")
    box.fill("line")
    expect(rosa.page.get_by_role("complementary", name="Search").get_by_role("link").first).to_be_visible()
    seen.check(rosa, "search with results")
    seen.verdict()


def test_lists_and_dialogs(place: Place, come: Come, ada: Account, lively: Room, device: Device) -> None:
    seen = Checked()
    unread = place.room(place.rosa, ada)
    place.rosa.posts(unread.id, "one", "two")
    her = come(ada, device=device)
    her.back_to_the_list()
    her.unread(unread.name, 2)
    seen.check(her, "the list of rooms")
    her.press(her.side.get_by_role("button", name=ada.name))
    seen.check(her, "one's own menu")
    her.press(her.page.get_by_role("menuitem", name="Keyboard shortcuts"))
    expect(her.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    seen.check(her, "help")
    her.press(her.page.get_by_role("dialog").get_by_role("button", name="Close"))
    her.press(her.side.get_by_role("button", name="Jump to…"))
    seen.check(her, "jumping")
    her.page.get_by_role("combobox", name="Jump to a room or a person").fill("ro")
    expect(her.page.get_by_role("option", name="Rosa")).to_be_visible()
    seen.check(her, "jumping to what was found")
    her.page.keyboard.press("Escape")
    her.press(her.side.get_by_role("button", name="Create a room"))
    seen.check(her, "creating a room")
    her.presses("Cancel")
    her.press(her.side.get_by_role("button", name="Write to somebody").first)
    her.press(her.page.get_by_role("option", name="Rosa"))
    seen.check(her, "choosing people")
    her.presses("Cancel")
    her.press(her.side.get_by_role("link", name="All rooms"))
    expect(her.page.get_by_role("main").get_by_role("listitem").first).to_be_visible()
    seen.check(her, "all rooms")
    her.page.get_by_role("searchbox", name="Find a room").fill("nothingofthesort")
    her.sees("No room by this name")
    seen.check(her, "all rooms, none found")
    seen.verdict()


def test_rooms_that_say_something_else(place: Place, come: Come, ada: Account, device: Device) -> None:
    seen = Checked()
    empty, closed, strange = (place.room(place.rosa, ada), place.room(place.rosa, ada), place.room(place.rosa))
    place.rosa.api("PATCH", f"/rooms/{closed.id}", archived=True)
    her = come(ada, empty, device)
    her.sees("Say the first word.")
    seen.check(her, "an empty room")
    her.goes_to(f"/chat/{closed.slug}/")
    her.sees("This room is archived.")
    seen.check(her, "an archived room")
    her.goes_to(f"/chat/{strange.slug}/")
    her.sees(f"Join #{strange.name}")
    seen.check(her, "a room of others")
    her.goes_to("/chat/no-such-room/")
    her.sees("There is no such room")
    seen.check(her, "no such room")
    her.goes_to(f"/chat/{empty.slug}/")
    her.is_in(empty.name)
    place.rosa.api("DELETE", f"/rooms/{empty.id}/members/{ada.id}")
    her.sees(f"You are no longer in #{empty.name}")
    seen.check(her, "removed from the room")
    seen.verdict()


def test_bad_lines(place: Place, come: Come, device: Device) -> None:
    seen = Checked()
    account = place.newcomer("Bea")
    her = come(account, place.room(account), device)
    her.expects("WebSocket connection to", "ERR_INTERNET_DISCONNECTED")
    her.context.set_offline(True)
    her.sees("You are offline")
    her.say("later")
    expect(her.message("later")).to_contain_text("waits for the line")
    seen.check(her, "offline")
    her.context.set_offline(False)
    her.hears("later")
    done = place.rosa.browser.post(f"/people/{account.id}/deactivate/", "/people/")
    assert done.status == 302
    her.sees("You are logged out")
    seen.check(her, "logged out")
    seen.verdict()
