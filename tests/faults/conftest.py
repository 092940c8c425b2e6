"""An installation for each test, on both stacks unless the test names one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.place import Place


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(kind: str, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    made: list[Place] = []

    def start(**how: Any) -> Place:
        made.append(Place(kind, tmp_path))
        return made[-1].start(**how)

    yield start
    for each in made:
        each.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)
