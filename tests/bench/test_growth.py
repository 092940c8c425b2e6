"""What W9G compares: places that differ in size alone, pages nobody asked for before, words that are as rare."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bench.questions import LIMIT, NewPages, Truth
from bench.samples import pack
from bench.scenarios.w9g import OPERATIONS, SCENARIO, SIZES, _rare

from bench import history

MESSAGES = 2_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    history.run(MESSAGES, environment | {"KLATCH_DATA": str(folder)})
    return folder / "klatch.sqlite3"


@pytest.fixture
def database(place: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(place)) as found:
        yield found


def test_a_small_place_has_fewer_people_and_somebody_in_every_room(database: sqlite3.Connection) -> None:
    assert database.execute("SELECT count(*) FROM auth_user").fetchone() == (MESSAGES // history.MESSAGES_EACH,)
    assert database.execute("SELECT count(*), min(members) FROM klatch_room").fetchone() == (history.ROOMS, 1)
    assert database.execute("SELECT count(*) FROM klatch_message").fetchone() == (MESSAGES,)


def test_no_message_is_asked_for_twice_and_nobody_asks_where_they_are_not(place: Path) -> None:
    truth = Truth(place)
    seen: set[tuple[int, int]] = set()
    for person, asked in questions(NewPages(truth, 20)):
        page = {(asked["room"], position) for position in range(asked["before"] - LIMIT, asked["before"])}
        assert not page & seen
        assert asked["room"] in truth.mine[person + 1]
        seen |= page
    assert len(seen) == 20 * LIMIT


def test_a_page_with_a_wrong_word_is_noticed(place: Path, database: sqlite3.Connection) -> None:
    pages = NewPages(Truth(place), 20)
    person, asked = next(questions(pages))
    rows = database.execute(
        "SELECT position, id, body FROM klatch_message WHERE room_id = ? AND position >= ? AND position < ? ORDER BY 1",
        [asked["room"], asked["before"] - LIMIT, asked["before"]],
    )
    messages = [{"position": position, "id": key, "body": body} for position, key, body in rows]
    answer = {"messages": messages, "seq": 1}
    pages.check(person, asked, answer, {})
    messages[7]["body"] += " and more"
    with pytest.raises(ValueError, match="page"):
        pages.check(person, asked, answer, {})


def test_rare_words_are_as_rare_in_a_place_of_any_size() -> None:
    _, frequency = history.vocabulary()
    for size in SIZES:
        for rank in _rare(size):
            share = (frequency[rank] - frequency[rank - 1]) / frequency[-1]
            assert size * 9 * share == pytest.approx(60, rel=0.1)


def test_the_sizes_stand_side_by_side_with_the_ratio_of_the_last_to_the_first() -> None:
    def cost(us: float) -> dict[str, Any]:
        return {"ms": pack([1.0] * 98 + [8.0] * 2), "us": us}

    costs = {str(size): dict.fromkeys(OPERATIONS, cost(us)) for size, us in zip(SIZES, (100, 150, 250), strict=True)}
    row = next(line for line in SCENARIO.details([{"costs": costs}]).splitlines() if "the list of rooms" in line)
    assert row.count("1.00 / 8.0") == len(SIZES)
    assert [cell.strip() for cell in row.split("|")[3:8:2]] == ["100", "150", "250"]
    assert row.endswith("| 2.50 |")


def questions(pages: NewPages) -> Iterator[tuple[int, dict[str, Any]]]:
    dice = random.Random(1)
    for person in range(history.TALKERS - 1):
        while (asked := pages.ask(person, dice)) is not None:
            yield person, asked
