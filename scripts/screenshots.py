"""`make screenshots`: starts the real product in a folder of its own, lets a small team talk, takes the pictures.

Everything goes through what people use: the set-up form, an invite link, API tokens. Only the clock is turned back
afterwards, with the server stopped, so that a conversation of a minute reads like one of two days.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from palette import lighten
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
LARGEST = 120_000  # bytes a picture
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PASSWORD = "ferry nine at dawn"  # noqa: S105 (of people who live for a minute)
ROSA, MISAKI, DMITRI, SEOYEON, AMARA, YIJUN, LAYLA = PEOPLE = (
    "Rosa Lindqvist", "田中 美咲", "Дмитрий Соколов", "김서연", "Amara Okafor", "陳怡君", "ليلى حداد",
)  # fmt: skip

# Name, what for, who is in it besides Rosa; the lobby is there from the beginning.
ROOMS = (
    ("timetable", "Summer sailings, tides, who is at the helm", (MISAKI, DMITRI, SEOYEON, AMARA)),
    ("website", "The booking site: bugs, releases, ideas", (MISAKI, DMITRI, SEOYEON, YIJUN)),
    ("кухня", "Кто что готовит. Who cooks today", (DMITRI, AMARA, LAYLA, MISAKI)),
    ("日本語", "日本語でどうぞ", (MISAKI,)),
)

CODE = """That was it. Seats are counted under the lock now:

```python
with transaction.atomic():
    sailing = Sailing.objects.select_for_update().get(pk=pk)
    if sailing.free_seats < party.size:
        raise SoldOut(sailing)
```"""

# Room, who, minutes ago, text, and: reactions, or the number of the line in this list that it answers.
TALK: tuple[tuple[str, str, int, str, dict[str, Any]], ...] = (
    ("lobby", AMARA, 1510, "First day of the season: **214 passengers**, nobody left on the quay, one hat overboard.",
     {"reactions": {"🎉": (ROSA, MISAKI, DMITRI, YIJUN), "☀️": (LAYLA, SEOYEON)}}),
    ("lobby", DMITRI, 1504, "Шляпу поймали на обратном пути. It is drying in the wheelhouse.",
     {"reactions": {"🙌": (AMARA, ROSA)}}),
    ("timetable", SEOYEON, 1490, "Low water on Saturday is 0.4 m at 11:20. The 11:15 has to wait.", {}),
    ("website", MISAKI, 1480, "Two people got the last seat of the 09:40 yesterday. 調べています。", {}),
    ("website", YIJUN, 1466, "I saw it in the log: both orders within 30 ms.", {}),
    ("website", ROSA, 1400, "Thank you. Call me when you need another pair of eyes.", {}),
    ("кухня", LAYLA, 300, "اليوم عدس بالليمون. Lentil soup with lemon, half past twelve.", {}),
    ("lobby", MISAKI, 174, "おはようございます。 Yesterday's double booking: two phones, one seat, 30 ms apart.", {}),
    ("lobby", MISAKI, 173, CODE, {"reactions": {"👏": (DMITRI, YIJUN, ROSA)}}),
    ("lobby", ROSA, 169, "Beautiful. I'll write to both families and put them on the 10:20.", {"answers": 8}),
    ("日本語", MISAKI, 150, "夏のパンフレットの訳、見てもらえますか。", {}),
    ("website", SEOYEON, 64, "예약 화면을 휴대폰에서 다시 시험했어요. All green on my old phone too.", {}),
    ("website", MISAKI, 58, "Deploying `2.14` at 17:00, between two sailings.", {"reactions": {"🚀": (YIJUN, DMITRI)}}),
    ("website", DMITRI, 55, "Хорошо. I will watch the queue.", {}),
    ("timetable", AMARA, 44, "Can somebody take the helm on Sunday afternoon? I have a wedding (not mine).", {}),
    ("lobby", YIJUN, 22, "遊客中心問：團體票可以網路買嗎？ The visitor centre asks for group tickets online.", {}),
    ("lobby", LAYLA, 20, "نعم من فضلك! المدارس تسألني كل أسبوع.", {}),
    ("lobby", AMARA, 9, "@rosa the new life jackets are here. All *forty* of them, in the one colour we did not order.",
     {"reactions": {"😂": (DMITRI, LAYLA, SEOYEON), "🟠": (MISAKI,)}}),
)  # fmt: skip
DIRECTS = (
    (AMARA, 80, "Do you have a minute before the 15:00? It is about the winter berth."),
    (AMARA, 79, "Nothing bad."),
    (SEOYEON, 400, "고마워요, the new form is lovely."),
)


class Api:
    """REST with one person's token."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def __call__(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self.url}/api/v1{path}",
            json.dumps(body).encode() if body else None,
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)


def klatch(data: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "klatch", *arguments, "--data", str(data)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()  # noqa: S603


@contextmanager
def served(data: Path, port: int = 0) -> Iterator[str]:
    command = [sys.executable, "-m", "klatch", "serve", "--no-browser", "--port", str(port), "--data", str(data)]
    environment = {**os.environ, "KLATCH_RATE_LIMIT": "off"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Klatch is ready: "):
                yield line.split()[3]
                break
        else:
            raise SystemExit("The server did not start.")
    finally:
        process.terminate()
        process.wait(timeout=20)


def context(browser: Browser, size: dict[str, int], **more: Any) -> BrowserContext:
    made = browser.new_context(
        viewport=size, locale="en-GB", timezone_id="UTC", reduced_motion="reduce", service_workers="block", **more
    )
    made.set_default_timeout(15_000)
    return made


def take(page: Page, name: str) -> None:
    """A picture when everything is drawn; refuses one that is too heavy for a README."""
    page.evaluate("document.fonts.ready.then(() => document.activeElement.blur())")
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    lighten(file)
    size = file.stat().st_size
    print(f"{file.name}: {size // 1000} kB")  # noqa: T201
    if size > LARGEST:
        raise SystemExit(f"{file.name} is larger than {LARGEST // 1000} kB.")


def set_up(browser: Browser, url: str) -> Any:
    """Rosa fills in the set-up form; returns her cookies."""
    with context(browser, DESKTOP) as rosa:
        page = rosa.new_page()
        page.goto(url)
        page.get_by_label("Name of the place").fill("North Quay Ferries")
        page.get_by_label("Your name").fill(ROSA)
        page.get_by_label("E-mail address").fill("rosa@northquay.example")
        page.get_by_label("Password").fill(PASSWORD)
        take(page, "set-up")
        page.get_by_role("button", name="Start chatting").click()
        page.wait_for_url("**/chat/lobby/")
        return rosa.storage_state()


def sign_up(browser: Browser, link: str, number: int, name: str) -> Any:
    with context(browser, DESKTOP) as theirs:
        page = theirs.new_page()
        page.goto(link)
        page.get_by_label("Your name").fill(name)
        page.get_by_label("E-mail address").fill(f"crew{number}@northquay.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make an account and join").click()
        page.wait_for_url("**/chat/lobby/")
        return theirs.storage_state()


def talk(url: str, data: Path, browser: Browser) -> tuple[Any, list[Any], list[tuple[int, int]]]:
    """The team comes and talks. Returns Rosa's cookies, the others', and (message, minutes ago) of all."""
    cookies = set_up(browser, url)
    api = {ROSA: Api(url, klatch(data, "token", "rosa"))}
    lobby = api[ROSA]("GET", "/me")["rooms"][0]["id"]
    api[ROSA]("PATCH", f"/rooms/{lobby}", description="Everything that has no better place")
    secret = api[ROSA]("POST", "/invites", room=lobby)["secret"]
    others = [sign_up(browser, f"{url}/join/{secret}/", number, name) for number, name in enumerate(PEOPLE[1:])]
    accounts = {person["name"]: person for person in api[ROSA]("GET", "/people")["people"]}
    for name in PEOPLE[1:]:
        api[name] = Api(url, klatch(data, "token", accounts[name]["username"]))
    rooms = {"lobby": lobby}
    for name, description, people in ROOMS:
        made = api[ROSA]("POST", "/rooms", name=name, description=description)["room"]["id"]
        api[ROSA]("POST", f"/rooms/{made}/members", users=[accounts[person]["id"] for person in people])
        rooms[name] = made
    # One that Rosa is not in.
    api[AMARA]("POST", "/rooms", name="sauna", description="Thursdays after the last boat")
    said: list[tuple[int, int]] = []
    for room, author, ago, body, more in TALK:
        answers = said[more["answers"]][0] if "answers" in more else None
        ack = api[author]("POST", f"/rooms/{rooms[room]}/messages", body=body, reply_to=answers)
        said.append((ack["id"], ago))
        for emoji, people in more.get("reactions", {}).items():
            for person in people:
                api[person]("POST", f"/messages/{ack['id']}/reactions", emoji=emoji)
    for author, ago, body in DIRECTS:
        room = api[author]("POST", "/directs", users=[api[ROSA]("GET", "/me")["you"]["id"]])["room"]["id"]
        said.append((api[author]("POST", f"/rooms/{room}/messages", body=body)["id"], ago))
        if author == SEOYEON:
            api[ROSA]("POST", f"/rooms/{room}/read", position=1)
    for room, position in (("日本語", 1), ("кухня", 1)):
        api[ROSA]("POST", f"/rooms/{rooms[room]}/read", position=position)
    return cookies, others, said


def turn_back_the_clock(data: Path, said: list[tuple[int, int]]) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    with sqlite3.connect(data / "klatch.sqlite3") as database:
        for message, ago in said:
            at = str(now - timedelta(minutes=ago))
            database.execute("UPDATE klatch_message SET at = ? WHERE id = ?", (at, message))
            database.execute("UPDATE klatch_event SET at = ? WHERE message_id = ?", (at, message))
        database.execute(
            "UPDATE klatch_event SET at = datetime(?, '-2 days') WHERE kind IN ('member.joined', 'room.changed')",
            (str(now),),
        )
        database.execute(
            "UPDATE klatch_room SET active_at = (SELECT max(at) FROM klatch_message WHERE room_id = klatch_room.id) "
            "WHERE count > 0"
        )
    database.close()


def pictures(browser: Browser, url: str, cookies: Any, others: list[Any]) -> None:
    # Four of the six others have it open; Amara's answer makes Rosa see that somebody types.
    here = [context(browser, PHONE, storage_state=state) for state in others[:4]]
    for one in here:
        one.new_page().goto(f"{url}/chat/lobby/", wait_until="networkidle")
    with context(browser, DESKTOP, storage_state=cookies) as desktop:
        page = desktop.new_page()
        page.goto(f"{url}/chat/lobby/")
        page.get_by_text("life jackets").wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            take(page, f"room-{scheme}")
        page.emulate_media(color_scheme="light")
        page.goto(f"{url}/chat/")
        page.get_by_role("link", name="timetable").last.wait_for()
        take(page, "directory")
    with context(browser, PHONE, storage_state=cookies, has_touch=True, is_mobile=True) as phone:
        page = phone.new_page()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{url}/chat/lobby/")
            page.get_by_text("life jackets").wait_for()
            take(page, f"phone-{scheme}")
        page.emulate_media(color_scheme="light")
        page.goto(f"{url}/chat/")
        page.get_by_role("link", name="timetable").first.wait_for()
        take(page, "phone-rooms")
    for one in here:
        one.close()


def main() -> None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("KLATCH_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    IMAGES.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="klatch-pictures-") as folder, sync_playwright() as playwright:
        data = Path(folder)
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        with served(data) as url:
            cookies, others, said = talk(url, data, browser)
        turn_back_the_clock(data, said)
        with served(data, int(url.rsplit(":", 1)[1])) as url:
            pictures(browser, url, cookies, others)
        browser.close()
    print(f"{IMAGES.name}: done in {time.monotonic() - began:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
