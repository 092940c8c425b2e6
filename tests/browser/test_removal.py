"""Rights that end while somebody reads: what they saw is gone from the page, and nothing more comes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocket, expect

from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Account, Place, Room

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]


def remove(moderator: Person, name: str) -> None:
    panel = moderator.page.get_by_role("complementary", name="Members")
    if not panel.is_visible():
        moderator.presses("Members")
    moderator.press(panel.get_by_role("button", name=f"What you can do with {name}"))
    moderator.press(moderator.page.get_by_role("menuitem", name="Remove from the room"))
    dialog = moderator.page.get_by_role("dialog", name=f"Remove {name} from the room?")
    moderator.press(dialog.get_by_role("button", name="Remove"))
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("device", DEVICES)
def test_who_is_removed_while_reading_sees_nothing_more(place: Place, come: Come, device: Device) -> None:
    ada, bea = place.newcomer(), place.account("Bea Moser")
    room: Room = place.room(place.rosa, ada, bea, kind="private")
    place.rosa.api("PATCH", f"/rooms/{room.id}/members/{bea.id}", role="moderator")
    place.rosa.posts(room.id, "the secret recipe")
    reader = come(ada, device=device)
    received: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(str(frame)))

    reader.page.on("websocket", listen)
    reader.goes_to(f"/chat/{room.slug}/")
    reader.hears("the secret recipe")
    assert any("the secret recipe" in frame for frame in received)

    moderator = come(bea, room, device)
    remove(moderator, ada.name)
    reader.sees(f"You are no longer in #{room.name}")
    assert "the secret recipe" not in reader.page.content()
    assert reader.room_link(room.name).count() == 0
    place.rosa.posts(room.id, "now that Ada is gone")
    place.rosa.posts(place.lobby.id, f"after {room.name}")
    if device == "phone":
        reader.back_to_the_list()
    reader.open_room("lobby")
    reader.hears(f"after {room.name}")
    assert not any("now that Ada is gone" in frame for frame in received)
    reader.goes_to(f"/chat/{room.slug}/")
    reader.sees("There is no such room")
    reader.not_sees("recipe")


def test_who_is_deactivated_is_logged_out_at_once(place: Place, come: Come, people: Callable[..., Person]) -> None:
    ada: Account = place.newcomer()
    room = place.room(place.rosa, ada)
    place.rosa.posts(room.id, "only for us")
    reader, rosa = come(ada, room), come(place.rosa)
    reader.hears("only for us")
    rosa.goes_to(f"/people/?q={ada.username}")
    rosa.presses(f"Deactivate {ada.username}")
    reader.sees("You are logged out")
    assert "only for us" not in reader.page.content()
    reader.presses("Log in")
    expect(reader.page.get_by_role("heading", level=1, name="Log in to Tea House")).to_be_visible()
    reader.log_in(ada.email)
    reader.not_sees("only for us")
    expect(reader.composer).to_have_count(0)


def test_logging_out_logs_out_every_page_of_the_browser(place: Place, come: Come) -> None:
    ada = place.newcomer()
    her = come(ada)
    second = her.context.new_page()
    second.goto(f"{place.url}/chat/lobby/")
    expect(second.get_by_role("log", name="Messages")).to_be_visible()
    her.press(her.side.get_by_role("button", name=ada.name))
    her.press(her.page.get_by_role("menuitem", name="Log out"))
    expect(second.get_by_text("You are logged out")).to_be_visible()
