"""One real `klatch serve` for all lessons that need one, with an owner and people who have tokens."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.security.wire import Served
from tests.server.process import Server, clean_environment, prepared

PEOPLE = 10


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Nobody's attempts are counted here. Tests share it: they leave people and rooms as they found them."""
    server = Server(prepared(tmp_path_factory.mktemp("lessons")), KLATCH_RATE_LIMIT="off").start()
    rosa = server.set_up()
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.seed", str(server.data), str(PEOPLE)],
        capture_output=True, text=True, check=False, env=clean_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    yield Served(server, rosa, made["room"], made["tokens"])
    server.stop()
