"""Every kept input once more, and a few that Hypothesis makes up: the same things must hold of all of them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import kept
from tests.fuzz.targets import TARGETS
from tests.fuzz.world import World
from tests.text.strategies import bodies

MADE_UP = st.binary(max_size=300) | bodies.map(lambda body: body.encode("utf-8", "replace"))


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


@pytest.mark.parametrize("name", sorted(TARGETS.keys() - {"op", "bounds"}))
def test_what_is_made_up_holds_as_well(name: str) -> None:
    settings(max_examples=150, deadline=None)(given(MADE_UP)(TARGETS[name]))()


def test_the_kept_inputs_stay_few() -> None:
    assert sum(path.stat().st_size for path in kept.FOLDER.iterdir()) < 300_000
