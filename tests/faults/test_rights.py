"""Who loses a right loses it everywhere: checks 36 and 37."""

import asyncio
import contextlib
import itertools
import os
import time
import uuid
from typing import Any

import pytest

from klatch.client import Client, Closed, RequestError
from tests import engines
from tests.faults.place import Place
from tests.faults.storms import Start, note
from tests.server.browsing import Browser
from tests.server.journeys import invite_link, join, log_in, pk_of
from tests.server.process import PASSWORD, Server

VICTIMS = 4
RACES_SECONDS = float(os.environ.get("FAULT_RACES", "20"))


class Spy(Client):
    """Writes down the newest number that any frame shows of the room, whatever the frame is."""

    room = 0
    newest = 0
    left: dict[int, int]  # who was removed, and by which number

    def _take(self, frame: dict[str, Any]) -> None:
        shown = [frame] if frame.get("room") == self.room and frame["type"] not in ("room.removed", "history") else []
        for found in (*frame.get("messages", ()), *frame.get("notices", ()), frame.get("message")):
            if isinstance(found, dict):
                shown.append(found)
        shown += [row["message"] for row in frame.get("results", ())]
        for found in shown:
            if found.get("room", self.room) == self.room:
                self.newest = max(self.newest, found.get("seq") or 0, found.get("rev") or 0)
        if frame["type"] == "member.left":
            self.left[frame["user"]["id"]] = frame["seq"]
        super()._take(frame)


async def pry(spy: Spy, room: int, stop: asyncio.Event, kind: int) -> None:
    """Until ``stop``, one way into the room after the other: history, search, subscribe, a new resume."""
    for turn in itertools.count(kind):
        if stop.is_set():
            return
        with contextlib.suppress(RequestError):
            if turn % 4 == 0:
                await spy.request("history", room=room, limit=100)
            elif turn % 4 == 1:
                await spy.request("search", q="secret", room=room if turn % 8 == 1 else None, before=None, limit=50)
            elif turn % 4 == 2:
                await spy.request("subscribe", room=room, seq=max(0, (spy.seqs.get(room) or 1) - 1))
            else:
                await spy.abort()
                await spy.connect()


async def test_check_36_nothing_after_a_removal_is_shown_on_any_path(place: Start) -> None:
    here = await asyncio.to_thread(place, people=VICTIMS + 2)
    room = here.room
    owner, writer = [await stack_in(spy(here.urls[-1], token, room)) for token in here.tokens[:2]]
    spies = [
        [await stack_in(spy(url, token, room)) for url in here.urls for _ in range(2)] for token in here.tokens[2:]
    ]
    victims = [group[0].you["id"] for group in spies]
    old = await writer.request("post", room=room, client_id=_id(), body="secret 0")
    over = asyncio.Event()
    counts = {"posts": 0, "races": 0}

    async def write() -> None:
        while not over.is_set():
            counts["posts"] += 1
            await writer.request("post", room=room, client_id=_id(), body=f"secret {counts['posts']}")
            if counts["posts"] % 3 == 0:
                await writer.request("edit", message=old["id"], body=f"secret again {counts['posts']}")

    writing = asyncio.create_task(write())
    leaks: list[str] = []
    effects: list[float] = []
    deadline = time.monotonic() + RACES_SECONDS
    while time.monotonic() < deadline:
        stop = asyncio.Event()
        prying = [
            asyncio.create_task(pry(one, room, stop, number)) for group in spies for number, one in enumerate(group)
        ]
        await asyncio.sleep(0.1)
        owner.left.clear()
        await asyncio.gather(*[owner.request("remove", room=room, user=victim) for victim in victims])
        removed_at = time.monotonic()
        await asyncio.sleep(0.1)
        stop.set()
        await asyncio.gather(*prying)
        while len(owner.left) < len(victims):
            await owner.request("ping")
        for group, victim in zip(spies, victims, strict=True):
            last = owner.left[victim]
            for number, one in enumerate(group):
                while room in one.rooms and time.monotonic() < removed_at + 6:
                    await one.request("ping")
                    await asyncio.sleep(0.01)
                await one.request("ping")
                counts["races"] += 1
                if one.newest > last or room in one.rooms:
                    leaks.append(f"socket {number}: {one.newest} after {last}, {room in one.rooms}")
            effects.append(time.monotonic() - removed_at)
        if leaks:
            # Who was never let out cannot be let in again.
            break
        await owner.request("invite", room=room, users=victims)
        for group in spies:
            for one in group:
                while room not in one.rooms:
                    await one.request("ping")
                    await asyncio.sleep(0.01)
                one.newest = 0
    over.set()
    await writing
    for client in (owner, writer, *itertools.chain(*spies)):
        await client.abort()
    note(here, leaks=len(leaks), slowest=round(max(effects), 2), **counts)
    assert not leaks, leaks[:10]
    assert counts["races"] >= 20


def spy(url: str, token: str, room: int) -> Spy:
    made = Spy(url, token=token)
    made.room, made.left = room, {}
    return made


async def stack_in[T: Client](client: T) -> T:
    await client.connect()
    return client


def _id() -> str:
    return str(uuid.uuid4())


# Sessions, passwords, accounts, tokens


class Guest:
    """Somebody with five sockets over all processes."""

    def __init__(self, here: Place, name: str, browser: Browser, token: str = "") -> None:
        self.name, self.browser = name, browser
        self.sockets = []
        for number in range(5):
            url = here.urls[number % len(here.urls)]
            headers = {"Cookie": browser.cookie, "Origin": url}
            self.sockets.append(Client(url, token=token) if token else Client(url, headers=headers))

    async def end_of(self, socket: Client) -> tuple[int, float]:
        try:
            while True:
                await socket.next()
        except Closed as closed:
            return closed.code, time.monotonic()


def _prepare(here: Place) -> tuple[Browser, Browser, list[Guest], str]:
    server: Any = here.servers[0]
    assert isinstance(server, Server)
    rosa = server.set_up()
    link = invite_link(rosa)
    browsers = [join(server, link, f"guest{number}") for number in range(4)]
    page = browsers[3].post("/account/tokens/", form_at="/account/", name="robot", scope="write")
    secret = page.value(r'value="(klatch_[\w-]+)"')
    guests = [Guest(here, f"guest{number}", browser) for number, browser in enumerate(browsers[:3])]
    other = log_in(server, "guest1")  # the device that the new password is set on; it stays
    return rosa, other, [*guests, Guest(here, "guest3", browsers[3], secret)], secret


@pytest.mark.parametrize("bus", ["up", "down"])
async def test_check_37_open_sockets_end_with_the_right_behind_them(place: Start, kind: str, bus: str) -> None:
    if bus == "down" and kind == "sqlite":
        pytest.skip("one process has no bus")
    here = await asyncio.to_thread(place, people=0)
    rosa, other, guests, _ = await asyncio.to_thread(_prepare, here)
    for guest in guests:
        for socket in guest.sockets:
            await socket.connect()
    watching = [[asyncio.create_task(guest.end_of(socket)) for socket in guest.sockets] for guest in guests]
    if bus == "down":
        engines.valkey().stop()
    token_page = await asyncio.to_thread(guests[3].browser.get, "/account/")
    revoke = f"/account/tokens/{token_page.value(r'/account/tokens/(\d+)/revoke/')}/revoke/"
    guest2 = await asyncio.to_thread(pk_of, rosa, "guest2")

    def act(number: int) -> None:
        if number == 0:
            guests[0].browser.post("/accounts/logout/")
        elif number == 1:
            other.post("/accounts/password/", oldpassword=PASSWORD, password1="another good password")
        elif number == 2:
            rosa.post(f"/people/{guest2}/deactivate/", form_at="/people/")
        else:
            guests[3].browser.post(revoke, form_at="/account/")

    took = {}
    limit = 1.0 if bus == "up" else 20.0
    try:
        acted = []
        for number in range(4):
            await asyncio.to_thread(act, number)
            acted.append(time.monotonic())
        for number, name in enumerate(["log-out", "password", "deactivation", "token"]):
            async with asyncio.timeout(30):
                ends = await asyncio.gather(*watching[number])
            took[name] = round(max(at - acted[number] for _, at in ends), 2)
            assert all(code >= 4500 for code, _ in ends), ends
    finally:
        if bus == "down":
            engines.valkey().start()
        for guest in guests:
            for socket in guest.sockets:
                await socket.abort()
    note(here, bus=bus, **took)
    assert max(took.values()) <= limit, took
