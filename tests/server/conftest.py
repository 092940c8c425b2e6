"""Real servers for tests. Other tests import what they need from ``process`` and ``browsing``."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.browsing import Browser
from tests.server.journeys import invite_link, join
from tests.server.process import Server, prepared

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has set up yet, one for each test module. Nobody's log-ins are counted here."""
    running = Server(prepared(tmp_path_factory.mktemp("klatch")), KLATCH_RATE_LIMIT="off").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def rosa(server: Server) -> Browser:
    """The owner, who has set it up."""
    return server.set_up()


@pytest.fixture
def name() -> str:
    """Somebody new for each test."""
    return f"guest{next(numbers)}"


@pytest.fixture
def guest(server: Server, rosa: Browser, name: str) -> Browser:
    return join(server, invite_link(rosa), name)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers of one's own: ``serve("--host", "0.0.0.0", KLATCH_DEBUG="on")``.

    What a first start does is done already; with ``data=tmp_path / "new"`` the server does it itself.
    """
    started: list[Server] = []

    def make(*options: str, data: Path | None = None, **how: Any) -> Server:
        made = Server(data or prepared(tmp_path / "data"), *options, **how)
        started.append(made.start())
        return made

    yield make
    for one in started:
        if one.process is not None and one.process.poll() is None:
            one.stop()
