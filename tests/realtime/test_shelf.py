"""What is kept between requests: pages that an event takes away, texts of one version, both within their bytes."""

import pytest

from klatch import encoded, history, replies
from klatch.realtime.shelf import Shelf


def shelved(text: str, seq: int, *ids: int, moves: bool = False) -> replies.HistoryText:
    return replies.HistoryText(text.encode(), seq, frozenset(ids), moves)


def at(before: int | None) -> history.Place:
    return history.Place(before, None, None, 40)


def test_an_event_takes_away_the_pages_that_it_touches_and_no_others() -> None:
    shelf = Shelf()
    old, new, quoting = shelved("old", 5, 1, 2), shelved("new", 5, 3, moves=True), shelved("quoting", 5, 4, 1)
    for place, page in ((at(3), old), (at(None), new), (at(9), quoting)):
        shelf.put((7, place), page)
    shelf.advance(7, 6, {8})
    assert [shelf.get((7, at(where))) for where in (3, None, 9)] == [old, None, quoting]
    shelf.advance(7, 7, {1})
    assert [shelf.get((7, at(where))) for where in (3, 9)] == [None, None]
    assert (shelf.seqs, shelf.size) == ({}, 0)


def test_what_was_read_before_an_event_is_not_kept_after_it() -> None:
    shelf = Shelf()
    shelf.put((7, at(3)), shelved("old", 5, 1))
    shelf.advance(7, 6, {9})
    shelf.put((7, at(None)), shelved("late", 5, 2, moves=True))
    assert shelf.get((7, at(None))) is None


def test_the_shelf_keeps_within_its_bytes_and_lets_the_longest_unused_go() -> None:
    shelf = Shelf(limit=10_000)
    for number in range(1, 50):
        shelf.put((number, at(None)), shelved("x" * 1_000, 1))
        shelf.get((1, at(None)))
        assert shelf.size <= 10_000
    assert shelf.get((1, at(None))) is not None
    assert shelf.get((2, at(None))) is None
    assert len(shelf.seqs) == 7


@pytest.fixture
def texts() -> encoded.Texts[int, int]:
    return encoded.Texts(2_000)


def test_texts_are_given_out_for_their_very_version_only(texts: encoded.Texts[int, int]) -> None:
    texts.put(1, 5, "five", texts.age)
    assert texts.find([(1, 5), (2, 5)]) == ({1: "five"}, [2])
    assert [texts.find([(1, version)]) for version in (4, 6)] == [({}, [1])] * 2
    before = texts.age
    texts.forget()
    texts.put(1, 5, "an old name", before)
    assert texts.find([(1, 5)]) == ({}, [1])


def test_texts_keep_within_their_bytes(texts: encoded.Texts[int, int]) -> None:
    for number in range(50):
        texts.put(number, 1, "x" * 100, texts.age)
        assert texts.size <= 2_000
    assert 49 in texts.find([(49, 1)])[0]
