"""A long conversation: its past loads upwards without a jump; links and search lead into the middle of it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Account, Place, Room

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]
LENGTH = 200
# 漢字, かな, 한글: two or three signs in the middle of a sentence without spaces, or with an ending.
SAID = {
    "咖啡": "今天我们去喝咖啡好不好",
    "コーヒー": "美味しいコーヒーを飲みましょう",
    "커피": "커피 한 잔 마실래요",
    "чайник": "Где наш чайник?",
}


@pytest.fixture(scope="module")
def ada(place: Place) -> Account:
    return place.account("Ada Byron")


@pytest.fixture(scope="module")
def long(place: Place, ada: Account) -> Room:
    """Some messages are longer than others, so that a row's height cannot be guessed."""
    room = place.room(place.rosa, ada)
    sayings = iter(SAID.values())
    for n in range(1, LENGTH + 1):
        text = f"line {n:03}" + " and so it goes on" * (n % 5 * 4)
        if n in (20, 40, 60, 80):
            text = f"line {n:03} {next(sayings)}"
        (place.rosa if n % 3 else ada).posts(room.id, text)
    for person in (place.rosa, ada):
        person.reads(room.id)
    return room


# Scrolls to a distance from the top and says which row is then the first in sight and where.
SCROLL = """(log, top) => {
  log.scrollTop = top;
  const edge = log.getBoundingClientRect().top;
  const row = [...log.querySelectorAll('article')].find(a => a.getBoundingClientRect().bottom > edge + 1);
  return {text: row.innerText.match(/line \\d+/)[0], y: row.getBoundingClientRect().top,
          rows: log.querySelectorAll('article').length};
}"""
# Where a row is when it is next drawn: what is put right before that, nobody sees. Observers are told in their order.
DRAWN = """row => new Promise(drawn => new ResizeObserver((_, self) => {
  self.disconnect();
  drawn(row.getBoundingClientRect().top);
}).observe(row))"""


@pytest.mark.parametrize("device", DEVICES)
def test_the_past_loads_upwards_and_nothing_jumps(come: Come, ada: Account, long: Room, device: Device) -> None:
    her = come(ada, long, device)
    expect(her.message(f"line {LENGTH}")).to_be_in_viewport()
    beginning = her.page.get_by_role("heading", name="This is the beginning of")
    loads = 0
    while not beginning.count():
        seen = her.log.evaluate(SCROLL, 240)
        # More rows are there, and the reader's own row is where it was.
        her.page.wait_for_function("n => document.querySelectorAll('[role=log] article').length > n", arg=seen["rows"])
        moved = her.message(seen["text"]).evaluate(DRAWN) - seen["y"]
        assert abs(moved) < 2, f"{seen['text']} moved by {moved} px at load {loads}"
        loads += 1
        assert loads < 10
    assert loads >= 3
    rows = her.log.get_by_role("article").all_inner_texts()
    assert [f"line {n:03}" in row for n, row in enumerate(rows, 1)] == [True] * LENGTH


def test_a_message_that_comes_while_one_reads_the_past_moves_nothing(
    place: Place, come: Come, ada: Account, long: Room
) -> None:
    room = place.room(place.rosa, ada)
    place.rosa.posts(room.id, *(f"line {n:03}" for n in range(30)))
    ada.reads(room.id)
    her = come(ada, room)
    expect(her.message("line 029")).to_be_in_viewport()
    seen = her.log.evaluate(SCROLL, 200)
    place.rosa.posts(room.id, "line 030 is new")
    below = her.page.get_by_role("button", name="1 new")
    expect(below).to_be_visible()
    assert abs(her.message(seen["text"]).evaluate(DRAWN) - seen["y"]) < 2
    below.click()
    expect(her.message("line 030 is new")).to_be_in_viewport()


@pytest.mark.parametrize("device", DEVICES)
def test_a_link_to_a_message_opens_at_the_message(come: Come, ada: Account, long: Room, device: Device) -> None:
    her = come(ada, long, device)
    her.context.grant_permissions(["clipboard-read", "clipboard-write"])
    her.log.evaluate(SCROLL, 500)
    expect(her.message("line 150")).to_have_count(1)
    her.message("line 150").scroll_into_view_if_needed()
    her.tool("line 150", "More")
    her.press(her.page.get_by_role("menuitem", name="Copy link"))
    her.sees("Link copied")
    link = her.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(her.url)
    her.page.close()
    her.page = her.context.new_page()
    her.goes_to(link)
    expect(her.message("line 150")).to_be_in_viewport()
    expect(her.message(f"line {LENGTH}")).not_to_be_in_viewport()
    her.presses("Jump to the newest message")
    expect(her.message(f"line {LENGTH}")).to_be_in_viewport()


@pytest.mark.parametrize("word", SAID)
def test_search_finds_words_of_every_script_and_opens_them_in_place(
    come: Come, ada: Account, long: Room, word: str
) -> None:
    her = come(ada, long)
    her.page.evaluate("window.same = true")
    her.presses("Search")
    panel = her.page.get_by_role("complementary", name="Search")
    panel.get_by_role("searchbox", name="Search messages").fill(word)
    results = panel.get_by_role("list").get_by_role("link")
    expect(results).to_have_count(1)
    expect(results).to_contain_text(SAID[word])
    results.click()
    expect(her.message(SAID[word])).to_be_in_viewport()
    expect(her.message(f"line {LENGTH}")).not_to_be_in_viewport()
    assert her.page.evaluate("window.same"), "the page was loaded anew"
