"""Every kept input once more: what a harness has found, and the short inputs that reached something new."""

from collections.abc import Iterator

import pytest

from tests.fuzz import kept
from tests.fuzz.targets import TARGETS
from tests.fuzz.world import World


@pytest.fixture(autouse=True)
def _world(db: None) -> Iterator[None]:
    yield
    World.forget()


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_kept_still_holds(name: str) -> None:
    inputs = kept.read(name)
    assert inputs
    for data in inputs:
        try:
            TARGETS[name](data)
        except Exception as problem:
            raise AssertionError(f"{name} of {data!r}") from problem


def test_the_kept_inputs_stay_few() -> None:
    assert sum(path.stat().st_size for path in kept.FOLDER.iterdir()) < 300_000
