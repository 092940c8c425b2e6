"""Lines that break, servers that die: nothing that was written is lost, nothing comes twice."""

import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Place

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]
AWAY = ("WebSocket connection to", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED")


@pytest.mark.parametrize("device", DEVICES)
def test_what_is_written_offline_is_sent_once_when_the_line_is_back(place: Place, come: Come, device: Device) -> None:
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    writer, reader = come(ada, room, device), come(place.rosa, room)
    writer.expects(*AWAY)
    writer.context.set_offline(True)
    writer.sees("You are offline. What you write is kept and sent later.")
    writer.say("written in the tunnel")
    writer.say("and still in it")
    for text in ("written in the tunnel", "and still in it"):
        expect(writer.message(text)).to_contain_text("waits for the line")
    reader.say("where are you?")
    reader.hears("where are you?")
    assert ada.history(room.id) == ["where are you?"]

    writer.context.set_offline(False)
    texts = ["where are you?", "written in the tunnel", "and still in it"]
    writer.hears(*texts)
    reader.hears(*texts)
    writer.not_sees("You are offline")
    assert ada.history(room.id) == texts


def test_what_is_written_while_the_server_is_away_survives_the_page(place: Place, come: Come) -> None:
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    writer = come(ada, room)
    writer.expects(*AWAY)
    place.server.stop(signal.SIGKILL)
    writer.sees("The line is gone")
    writer.say("nobody there?")
    writer.say("I shall wait")
    expect(writer.message("I shall wait")).to_contain_text("waits for the line")
    # The page goes before the server is back: only what the browser has stored can send them now.
    writer.page.close()
    place.server.start()
    writer.page = writer.context.new_page()
    writer.goes_to(f"/chat/{room.slug}/")
    writer.hears("nobody there?", "I shall wait")
    assert ada.history(room.id) == ["nobody there?", "I shall wait"]
    writer.page.reload()
    writer.hears("nobody there?", "I shall wait")
    assert ada.history(room.id) == ["nobody there?", "I shall wait"]


def test_after_a_killed_server_both_pages_come_back_by_themselves(place: Place, come: Come) -> None:
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    two = come(place.rosa, room), come(ada, room)
    rosa, her = two
    rosa.say("before")
    her.hears("before")
    for person in two:
        person.expects(*AWAY)
    place.server.restart(signal.SIGKILL)
    for person in two:
        person.say("after")
    for person in two:
        expect(person.message("after")).to_have_count(2)
        expect(person.log).not_to_contain_text(re.compile("sending…|waits for the line"))
        person.not_sees("The line is gone")
        person.sees("2 online")
    rosa.say("and on")
    her.hears("before", "and on")
    her.page.reload()
    her.hears("before", "and on")
    assert ada.history(room.id) == ["before", "after", "after", "and on"]


def test_a_burst_that_the_server_dies_in_arrives_whole_and_once(place: Place, come: Come) -> None:
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    writer, reader = come(ada, room), come(place.rosa, room)
    for person in (writer, reader):
        person.expects(*AWAY)
    texts = [f"number {n} of the burst" for n in range(8)]
    for n, text in enumerate(texts):
        writer.say(text)
        if n == 4:
            place.server.stop(signal.SIGKILL)
    place.server.start()
    writer.hears(*texts)
    reader.hears(*texts)
    assert ada.history(room.id) == texts


def test_a_line_that_is_back_at_once_is_not_spoken_of(place: Place, come: Come) -> None:
    """And what others said meanwhile is there, in its place."""
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    her = come(ada, room)
    her.expects(*AWAY)
    place.rosa.posts(room.id, "one")
    her.hears("one")
    her.context.set_offline(True)
    her.sees("You are offline")
    place.rosa.posts(room.id, "two", "three")
    her.context.set_offline(False)
    her.hears("one", "two", "three")
    her.not_sees("offline")


def test_two_tabs_of_one_browser_share_what_waits_and_send_it_once(place: Place, come: Come) -> None:
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    her, reader = come(ada, room), come(place.rosa, room)
    her.expects(*AWAY)
    first, second = her.page, her.context.new_page()
    second.goto(f"{place.url}/chat/{room.slug}/")
    her.page = second
    her.is_in(room.name)
    her.context.set_offline(True)
    her.sees("You are offline")
    her.say("from the second tab")
    her.page = first
    expect(her.message("from the second tab")).to_contain_text("waits for the line")
    her.say("from the first")
    her.context.set_offline(False)
    for page in (first, second):
        her.page = page
        her.hears("from the second tab", "from the first")
    reader.hears("from the second tab", "from the first")
    assert ada.history(room.id) == ["from the second tab", "from the first"]
