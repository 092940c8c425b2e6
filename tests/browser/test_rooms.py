"""Finding rooms, joining them, starting them, and those that nobody else may find; conversations of two."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Place

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]


@pytest.mark.parametrize("device", DEVICES)
def test_an_open_room_is_found_in_the_list_of_all_and_joined(place: Place, come: Come, device: Device) -> None:
    room = place.room(place.rosa, description="Who waters the plants")
    place.rosa.posts(room.id, "the fern is dry")
    ada = come(place.newcomer(), device=device)
    ada.back_to_the_list()
    ada.press(ada.side.get_by_role("link", name="All rooms"))
    expect(ada.page.get_by_role("heading", level=1, name="All rooms")).to_be_visible()
    ada.page.get_by_role("searchbox", name="Find a room").fill(room.name)
    row = ada.page.get_by_role("main").get_by_role("listitem").filter(has_text=room.name)
    expect(row).to_contain_text("Who waters the plants")
    expect(row).to_contain_text("1 member")
    ada.press(row.get_by_role("button", name="Join"))
    ada.is_in(room.name)
    ada.hears("the fern is dry")
    ada.say("I shall do it")
    ada.hears("the fern is dry", "I shall do it")
    assert place.rosa.history(room.id) == ["the fern is dry", "I shall do it"]


def test_the_address_of_an_open_room_asks_before_it_lets_in(place: Place, come: Come) -> None:
    room = place.room(place.rosa)
    place.rosa.posts(room.id, "hello")
    ada = come(place.newcomer())
    ada.goes_to(f"/chat/{room.slug}/")
    ada.sees("1 member")
    members = place.rosa.api("GET", f"/rooms/{room.id}/members")["members"]
    assert len(members) == 1
    ada.presses(f"Join #{room.name}")
    ada.hears("hello")


@pytest.mark.parametrize("device", DEVICES)
def test_an_unknown_address_offers_a_room_and_makes_none_by_itself(place: Place, come: Come, device: Device) -> None:
    slug = f"fern-{device}"
    ada = come(place.newcomer(), device=device)
    ada.goes_to(f"/chat/{slug}/")
    ada.sees("There is no such room")

    def rooms() -> list[str]:
        return [room["slug"] for room in place.rosa.api("GET", f"/rooms?q={slug}")["rooms"]]

    assert rooms() == []
    ada.presses(f"Create #{slug}")
    dialog = ada.page.get_by_role("dialog", name="Create a room")
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value(slug)
    ada.press(dialog.get_by_role("button", name="Create"))
    ada.is_in(slug)
    assert rooms() == [slug]


def test_a_private_room_is_nowhere_for_others(place: Place, come: Come) -> None:
    rosa = come(place.rosa)
    rosa.presses("Create a room")
    dialog = rosa.page.get_by_role("dialog", name="Create a room")
    dialog.get_by_role("textbox", name="Name").fill("surprise party")
    dialog.get_by_role("radio", name="Private").check()
    dialog.get_by_role("button", name="Create").click()
    rosa.is_in("surprise party")
    rosa.say("the cake is ordered")

    ada = come(place.newcomer())
    ada.not_sees("surprise")
    ada.goes_to("/chat/?browse")
    ada.page.get_by_role("searchbox", name="Find a room").fill("surprise")
    ada.sees("No room by this name")
    ada.goes_to(rosa.page.url)
    ada.sees("There is no such room")
    ada.not_sees("cake")
    ada.goes_to("/chat/lobby/")
    ada.is_in("lobby")
    ada.presses("Search")
    panel = ada.page.get_by_role("complementary", name="Search")
    panel.get_by_role("button", name="Everywhere").click()
    panel.get_by_role("searchbox", name="Search messages").fill("cake")
    ada.sees("Nothing found")


@pytest.mark.parametrize("device", DEVICES)
def test_two_write_to_each_other_and_nobody_else_reads_it(place: Place, come: Come, device: Device) -> None:
    ada, bea = place.newcomer(), place.newcomer("Bea")
    rosa, her, other = come(place.rosa, device=device), come(ada, device=device), come(bea, device=device)
    for person in (rosa, her, other):
        person.back_to_the_list()
    rosa.press(rosa.side.get_by_role("button", name="Write to somebody").first)
    dialog = rosa.page.get_by_role("dialog", name="Write to somebody")
    dialog.get_by_role("combobox", name="Type a name").fill(ada.name[:4])
    rosa.press(dialog.get_by_role("option", name=ada.name))
    rosa.press(dialog.get_by_role("button", name="Start writing"))
    rosa.is_in(ada.name)
    rosa.say("between us")
    her.unread("Rosa Lindqvist", 1)
    her.open_room("Rosa Lindqvist")
    her.hears("between us")
    her.say("of course")
    rosa.hears("between us", "of course")
    expect(other.room_link("Rosa Lindqvist")).to_have_count(0)
    other.goes_to(rosa.page.url)
    other.sees("There is no such room")
    other.not_sees("between us")


def test_a_room_that_is_renamed_and_archived_says_so_to_all(place: Place, come: Come) -> None:
    ada = place.newcomer()
    room = place.room(place.rosa, ada)
    rosa, her = come(place.rosa, room), come(ada, room)
    rosa.presses("About this room")
    panel = rosa.page.get_by_role("complementary", name="About this room")
    panel.get_by_role("textbox", name="Name").fill(f"{room.name} upstairs")
    panel.get_by_role("button", name="Save").click()
    her.sees(f"Rosa Lindqvist renamed the room from “{room.name}”")
    her.is_in(f"{room.name} upstairs")
    panel.get_by_role("button", name="Archive the room").click()
    her.sees("This room is archived. It can be read, not written.")
    expect(her.composer).to_have_count(0)
    panel.get_by_role("button", name="Open the room again").click()
    her.say("so we are back")
    rosa.hears("so we are back")


def test_who_leaves_is_out_and_may_come_back(place: Place, come: Come) -> None:
    ada = place.newcomer()
    room = place.room(place.rosa, ada)
    her, rosa = come(ada, room), come(place.rosa, room)
    her.presses("About this room")
    her.presses("Leave the room")
    her.press(her.page.get_by_role("dialog").get_by_role("button", name="Leave"))
    expect(her.room_link(room.name)).to_have_count(0)
    rosa.sees(f"{ada.name} left")
    her.goes_to(f"/chat/{room.slug}/")
    her.presses(f"Join #{room.name}")
    her.is_in(room.name)
    rosa.sees(f"{ada.name} joined")
