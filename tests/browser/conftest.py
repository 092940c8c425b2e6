"""One Chromium for all journeys, one place for each module, one browser context for each person.

A page that says an error, throws or breaks its content security policy fails its journey, whatever else it shows.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.person import SHAPES, Device, Person
from tests.browser.place import Account, Place
from tests.server.process import Server, prepared

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)

type Come = Callable[..., Person]


# For the package, not for the session: while Playwright runs, this thread has a running loop, which others cannot bear.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("KLATCH_CHROMIUM") or shutil.which("chromium")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Chromium: name one in KLATCH_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    running = Server(prepared(tmp_path_factory.mktemp("klatch")), KLATCH_RATE_LIMIT="off").start()
    yield Place(running)
    running.stop()


@pytest.fixture
def people(chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Somebody's browser: ``people(url, "phone")``. At the end none of them may have said an error."""
    came: list[Person] = []
    with ExitStack() as stack:

        def make(url: str, device: Device = "desktop", **options: Any) -> Person:
            shape = {"locale": "en-GB", "reduced_motion": "reduce", **SHAPES[device], **options}
            context = chromium.new_context(**shape)
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            person = Person(context, url, device)
            came.append(person)
            return person

        yield make
        faults = [fault for person in came for fault in person.unexpected()]
    assert not faults, "\n".join(faults)


@pytest.fixture
def come(people: Come) -> Come:
    """A person who is logged in and stands in a room: ``come(account, room, "phone")``."""

    def make(account: Account, at: Any = None, device: Device = "desktop", **options: Any) -> Person:
        place = account.place
        person = people(place.url, device, **options)
        cookies = [{"name": key, "value": value, "url": place.url} for key, value in account.browser.cookies.items()]
        person.context.add_cookies(cookies)
        room = at or place.lobby
        person.goes_to(f"/chat/{room.slug}/")
        person.is_in(room.name)
        return person

    return make
