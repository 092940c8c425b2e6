"""What is unread, on two devices of one person: counts, the line above it, and where reading goes on."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.browser.place import Account, Place, Room

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]


@pytest.fixture
def ada(place: Place) -> Account:
    """New each time: her numbers must not hold anything of another journey."""
    someone = place.newcomer()
    someone.reads(place.lobby.id)
    return someone


def title(person: Person, number: int) -> None:
    expect(person.page).to_have_title(re.compile(rf"^\({number}\) " if number else r"^[^(]"))


def test_reading_on_one_device_clears_the_other(place: Place, come: Come, ada: Account) -> None:
    room = place.room(place.rosa, ada, name="kettle")
    laptop, phone = come(ada), come(ada, device="phone")
    phone.back_to_the_list()
    place.rosa.posts(room.id, "one", "two", "three")
    for device in (laptop, phone):
        device.unread("kettle", 3)
        title(device, 3)
    laptop.open_room("kettle")
    expect(laptop.page.get_by_role("separator").filter(has_text="New")).to_be_in_viewport()
    laptop.hears("one", "two", "three")
    for device in (laptop, phone):
        device.unread("kettle", 0)
        title(device, 0)


def test_ones_own_message_is_never_unread(place: Place, come: Come, ada: Account) -> None:
    room = place.room(place.rosa, ada)
    laptop, phone = come(ada, room), come(ada, device="phone")
    phone.back_to_the_list()
    laptop.say("said by me")
    laptop.hears("said by me")
    phone.unread(room.name, 0)
    place.rosa.posts(room.id, "said to me")
    laptop.hears("said by me", "said to me")
    phone.unread(room.name, 0)
    title(phone, 0)


def test_a_long_absence_ends_at_the_first_unread_message(place: Place, come: Come, ada: Account) -> None:
    room = place.room(place.rosa, ada)
    place.rosa.posts(room.id, *(f"line {n:03}" for n in range(1, 101)))
    ada.reads(room.id, 20)
    her = come(ada)
    her.unread(room.name, 80)
    her.open_room(room.name)
    expect(her.page.get_by_role("separator").filter(has_text="New")).to_be_in_viewport()
    expect(her.message("line 021")).to_be_in_viewport()
    expect(her.message("line 100")).not_to_be_in_viewport()
    # What was not on the screen is not read.
    below = her.page.get_by_role("button", name=re.compile(r"^\d+ new$"))
    expect(below).to_be_visible()
    below.click()
    expect(her.message("line 100")).to_be_in_viewport()
    expect(below).to_have_count(0)
    her.unread(room.name, 0)


def test_everything_can_be_marked_as_read_at_once(place: Place, come: Come, ada: Account) -> None:
    first, second = place.room(place.rosa, ada), place.room(place.rosa, ada)
    place.rosa.posts(first.id, "one", "two")
    place.rosa.posts(second.id, "three")
    laptop, phone = come(ada), come(ada, device="phone")
    phone.back_to_the_list()
    title(phone, 3)
    laptop.side.get_by_role("button", name=ada.name).click()
    laptop.page.get_by_role("menuitem", name="Mark everything as read").click()
    laptop.sees("Everything is marked as read")
    for device in (laptop, phone):
        device.unread(first.name, 0)
        device.unread(second.name, 0)
        title(device, 0)


def test_unread_from_here_is_unread_on_every_device(place: Place, come: Come, ada: Account) -> None:
    room = place.room(place.rosa, ada)
    place.rosa.posts(room.id, "seen", "to be thought about", "seen too")
    laptop, phone = come(ada, room), come(ada, device="phone")
    phone.back_to_the_list()
    phone.unread(room.name, 0)
    laptop.tool("to be thought about", "More")
    laptop.page.get_by_role("menuitem", name="Unread from here").click()
    for device in (laptop, phone):
        device.unread(room.name, 2)
        title(device, 2)
    rows = laptop.log.get_by_role("article").or_(laptop.page.get_by_role("separator")).all_inner_texts()
    line = next(n for n, row in enumerate(rows) if row.strip() == "New")
    assert "seen" in rows[line - 1]
    assert "to be thought about" in rows[line + 1]
    phone.open_room(room.name)
    phone.hears("to be thought about", "seen too")
    laptop.unread(room.name, 0)


def test_a_room_that_is_open_is_read_as_it_goes(place: Place, come: Come, ada: Account) -> None:
    room: Room = place.room(place.rosa, ada)
    laptop = come(ada, room)
    for n in range(30):
        place.rosa.posts(room.id, f"line {n}")
    expect(laptop.message("line 29")).to_be_in_viewport()
    laptop.unread(room.name, 0)
    expect(laptop.page.get_by_role("separator").filter(has_text="New")).to_have_count(0)
