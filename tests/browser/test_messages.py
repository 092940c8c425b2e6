"""What two people do with messages: change, delete, answer, react; and what they look like on both pages."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.person import DEVICES, Device, Person
from tests.browser.place import Place

pytestmark = pytest.mark.browser

type Come = Callable[..., Person]
type Two = tuple[Person, Person]


@pytest.fixture(params=DEVICES)
def two(request: pytest.FixtureRequest, place: Place, come: Come) -> Two:
    """Rosa and Ada in a room of their own, both on phones or both at desks."""
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    device: Device = request.param
    return come(place.rosa, room, device), come(ada, room, device)


def change(person: Person, text: str, into: str) -> None:
    person.tool(text, "Edit")
    box = person.page.get_by_role("textbox", name="Change the message")
    expect(box).to_have_value(text)
    expect(person.button("Save")).to_be_in_viewport(ratio=1)
    box.fill(into)
    person.presses("Save")
    expect(box).to_have_count(0)


def delete(person: Person, text: str) -> None:
    person.tool(text, "More")
    person.press(person.page.get_by_role("menuitem", name="Delete"))
    dialog = person.page.get_by_role("dialog", name="Delete this message?")
    expect(dialog).to_contain_text(text)
    person.press(dialog.get_by_role("button", name="Delete"))
    expect(dialog).to_have_count(0)


def reaction(person: Person, text: str, name: str) -> Locator:
    return person.message(text).get_by_role("button", name=name, exact=True)


def test_a_change_and_a_deletion_are_seen_by_both_at_once(two: Two) -> None:
    rosa, ada = two
    rosa.say("see you at nien")
    ada.hears("see you at nien")
    change(rosa, "see you at nien", "see you at nine")
    for person in two:
        expect(person.message("see you at nine")).to_contain_text("edited")
        person.not_sees("nien")
    delete(rosa, "see you at nine")
    for person in two:
        person.sees("This message was deleted")
        person.not_sees("see you at")
        assert "see you at nine" not in person.page.content()
    ada.page.reload()
    ada.sees("This message was deleted")
    ada.not_sees("see you at")


def test_nobody_is_offered_to_change_or_delete_what_others_said(two: Two) -> None:
    rosa, ada = two
    rosa.say("mine alone")
    ada.hears("mine alone")
    ada.tool("mine alone", "More")
    expect(ada.page.get_by_role("menuitem", name="Copy link")).to_be_visible()
    expect(ada.page.get_by_role("menuitem", name="Delete")).to_have_count(0)
    expect(ada.message("mine alone").get_by_role("button", name="Edit")).to_have_count(0)


def test_an_answer_quotes_until_the_quoted_is_deleted(two: Two) -> None:
    rosa, ada = two
    rosa.say("tea or coffee?")
    ada.tool("tea or coffee?", "Reply")
    expect(ada.button("Do not reply to this")).to_be_visible()
    ada.say("both, please")
    expect(ada.button("Do not reply to this")).to_have_count(0)
    for person in two:
        quote = person.message("both, please").get_by_role("link")
        expect(quote).to_contain_text("Rosa Lindqvist")
        expect(quote).to_contain_text("tea or coffee?")
    delete(rosa, "tea or coffee?")
    for person in two:
        expect(person.message("both, please")).to_contain_text("A deleted message")
        person.not_sees("tea or coffee?")
        assert "tea or coffee" not in person.page.content()


def test_reactions_are_counted_for_both_and_taken_back(two: Two) -> None:
    rosa, ada = two
    rosa.say("it works")
    ada.tool("it works", "React")
    ada.press(ada.page.get_by_role("dialog", name="Emoji").get_by_role("button", name="🎉 tada").first)
    expect(reaction(ada, "it works", "tada, 1")).to_have_attribute("aria-pressed", "true")
    expect(reaction(rosa, "it works", "tada, 1")).to_have_attribute("aria-pressed", "false")
    rosa.press(reaction(rosa, "it works", "tada, 1"))
    for person in two:
        expect(reaction(person, "it works", "tada, 2")).to_have_attribute("aria-pressed", "true")
    ada.press(reaction(ada, "it works", "tada, 2"))
    expect(reaction(rosa, "it works", "tada, 1")).to_have_attribute("aria-pressed", "true")
    rosa.press(reaction(rosa, "it works", "tada, 1"))
    for person in two:
        expect(person.message("it works").get_by_role("button", name=re.compile("^tada"))).to_have_count(0)


def test_who_types_is_shown_until_the_message_comes(two: Two) -> None:
    rosa, ada = two
    ada.composer.press_sequentially("hm")
    rosa.sees("Ada Byron is typing…")
    ada.not_sees("is typing…")
    ada.say("hm, no")
    rosa.hears("hm, no")
    rosa.not_sees("is typing…")


def test_marks_and_code_look_like_what_they_are(place: Place, come: Come) -> None:
    room = place.room(place.rosa)
    rosa = come(place.rosa, room)
    rosa.say("**loud** and *soft*, a list:\n\n- milk\n- tea\n\nand `klatch serve`")
    row = rosa.message("milk")
    expect(row.get_by_role("strong")).to_have_text("loud")
    expect(row.get_by_role("emphasis")).to_have_text("soft")
    expect(row.get_by_role("listitem")).to_have_text(["milk", "tea"])
    expect(row.get_by_role("code")).to_have_text("klatch serve")
    rosa.say("```python\nfor cup in table:\n    fill(cup, 42)  # to the brim\n```")
    code = rosa.message("for cup in table").locator("pre")
    expect(code).to_contain_text("fill(cup, 42)")
    colours = code.evaluate(
        "pre => new Set([...pre.querySelectorAll('span')].map(s => getComputedStyle(s).color)).size"
    )
    assert colours > 2
    rosa.say("see https://example.org/page for more")
    link = rosa.message("for more").get_by_role("link", name="https://example.org/page")
    expect(link).to_have_attribute("href", "https://example.org/page")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


ATTACKS = (
    "<script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 2'>",
    "[press me](javascript:window.broken=3)",
    "<svg onload=window.broken=4>",
    '![x](x" onerror="window.broken=5)',
    "<a href='data:text/html,<script>opener.broken=6</script>'>here</a>",
    "`` `<iframe srcdoc='<script>parent.broken=7</script>'>` ``",
)


def test_nothing_that_people_write_runs(place: Place, come: Come) -> None:
    ada = place.newcomer("<img/src=x/onerror=window.broken=8>")
    room = place.room(ada, place.rosa, name="<b onmouseover=window.broken=9>room</b>", description="<i>words</i>")
    posted = ada.posts(room.id, *ATTACKS)
    ada.posts(room.id, "I answer", reply_to=posted[1])
    rosa = come(place.rosa, room)
    for text in ("<script>window.broken = 1</script>", "<svg onload=window.broken=4>", "<i>words</i>"):
        rosa.sees(text)
    expect(rosa.message("I answer")).to_contain_text("onerror='window.broken = 2'")
    rosa.page.get_by_role("heading", level=1).hover()
    for name in ("Search", "Members", "About this room"):
        panel = rosa.page.get_by_role("complementary", name=name)
        if not panel.is_visible():
            rosa.presses(name)
        expect(panel).to_be_visible()
    assert rosa.page.evaluate("window.broken") is None
    assert rosa.log.get_by_role("link", name="press me").count() == 0
    assert not rosa.page.evaluate(
        "document.querySelectorAll('iframe, [onerror], [onload], [href^=\"javascript:\"]').length"
    )


def test_shift_enter_breaks_the_line_and_on_touch_enter_does(place: Place, come: Come) -> None:
    room = place.room(place.rosa)
    desk, phone = come(place.rosa, room), come(place.rosa, room, "phone")
    desk.composer.press_sequentially("one")
    desk.composer.press("Shift+Enter")
    desk.composer.press_sequentially("two")
    expect(desk.composer).to_have_value("one\ntwo")
    desk.composer.press("Enter")
    expect(desk.composer).to_have_value("")
    phone.composer.press_sequentially("three")
    phone.composer.press("Enter")
    phone.composer.press_sequentially("four")
    expect(phone.composer).to_have_value("three\nfour")
    phone.presses("Send")
    desk.hears("two", "four")


def test_at_and_colon_are_completed(place: Place, come: Come) -> None:
    ada = place.account("Ada Byron")
    room = place.room(place.rosa, ada)
    rosa = come(place.rosa, room)
    rosa.composer.press_sequentially("well done @ad")
    expect(rosa.page.get_by_role("option", name="Ada Byron")).to_be_visible()
    rosa.composer.press("Enter")
    rosa.composer.press_sequentially(":tad")
    expect(rosa.page.get_by_role("option", name=":tada:")).to_be_visible()
    rosa.composer.press("Tab")
    expect(rosa.composer).to_have_value("well done @ada 🎉 ")


def test_who_leaves_the_composer_and_is_back_at_once_is_offered_names_still(place: Place, come: Come) -> None:
    rosa = come(place.rosa, place.room(place.rosa, place.account("Ada Byron")))
    rosa.composer.press_sequentially("@ad")
    ada = rosa.page.get_by_role("option", name="Ada Byron")
    expect(ada).to_be_visible()
    # Until after the moment at which they go for who stays away.
    rosa.composer.evaluate("field => new Promise(over => { field.blur(); field.focus(); setTimeout(over, 200); })")
    expect(ada).to_be_visible()


def test_a_draft_waits_in_its_room(place: Place, come: Come) -> None:
    room = place.room(place.rosa)
    rosa = come(place.rosa, room)
    rosa.composer.fill("half a thou")
    rosa.open_room("lobby")
    expect(rosa.composer).to_have_value("")
    rosa.page.reload()
    rosa.open_room(room.name)
    expect(rosa.composer).to_have_value("half a thou")
