"""The order of one room: whatever the relay does to the envelopes, each event comes once, in order, without a hole."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from klatch.realtime import feed as feeds
from klatch.realtime.feed import Feed
from klatch.relay import Envelope


def event(seq: int, text: str | None = "{}") -> Envelope:
    return Envelope("message.posted", room=7, seq=seq, text=text)


def log(after: int, upto: int) -> list[Envelope]:
    return [event(seq) for seq in range(after + 1, upto + 1)]


def numbers(envelopes: list[Envelope]) -> list[int]:
    return [envelope.seq for envelope in envelopes]


def repair(feed: Feed, page: int = 500) -> list[int]:
    """What whoever drives a feed does: read the gap, a page at a time, until there is none."""
    given_on: list[int] = []
    while (gap := feed.missing) is not None:
        after, upto = gap
        found = numbers(feed.accept(log(after, min(upto, after + page))))
        assert found, f"reading {gap} brought nothing"
        given_on += found
    return given_on


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[int, int, int, list[list[Envelope]]]:
    """(head, number that the followers know, batch before which the feed starts, batches of a careless relay)."""
    head = draw(st.integers(0, 30))
    known = draw(st.integers(0, head))
    texts = st.sampled_from(["{}", None])
    carried = draw(st.lists(st.tuples(st.integers(1, max(1, head)), texts), max_size=80)) if head else []
    envelopes = [event(seq, text) for seq, text in carried]
    cuts = sorted(draw(st.lists(st.integers(0, len(envelopes)), max_size=10)))
    edges = [0, *cuts, len(envelopes)]
    batches = [envelopes[start:end] for start, end in itertools.pairwise(edges)]
    return head, known, draw(st.integers(0, len(batches))), batches


@given(deliveries(), st.data())
def test_any_order_with_repeats_and_losses_becomes_each_event_once_in_order(
    delivery: tuple[int, int, int, list[list[Envelope]]], data: st.DataObject
) -> None:
    head, known, starts, batches = delivery
    feed = Feed(7)
    given_on: list[int] = []
    for number, batch in enumerate([*batches, []]):
        if number == starts:
            given_on += numbers(feed.start(known))
        given_on += numbers(feed.accept(batch))
        if data.draw(st.booleans()):
            given_on += repair(feed, data.draw(st.integers(1, 5)))
    feed.heard(head)
    given_on += repair(feed)
    assert given_on == list(range(known + 1, head + 1))
    assert (feed.seq, feed.missing) == (head, None)


def test_nothing_is_given_on_before_the_followers_number_is_known() -> None:
    feed = Feed(7)
    assert feed.accept([event(4), event(6), event(5)]) == []
    assert feed.missing is None
    assert numbers(feed.start(4)) == [5, 6]


def test_a_start_beyond_what_is_held_gives_nothing_and_forgets_it() -> None:
    feed = Feed(7)
    feed.accept(log(0, 5))
    assert feed.start(9) == []
    assert (feed.seq, feed.head, feed.missing) == (9, 9, None)
    assert numbers(feed.accept([event(10)])) == [10]


def test_a_second_start_changes_nothing() -> None:
    feed = Feed(7)
    feed.start(4)
    feed.accept([event(5)])
    assert feed.start(2) == []
    assert feed.seq == 5


def test_news_without_text_is_a_gap_to_read_and_nothing_else() -> None:
    feed = Feed(7)
    feed.start(0)
    assert feed.accept([event(2, None)]) == []
    assert feed.missing == (0, 2)
    assert feed.accept([event(1)]) == [event(1)]
    assert feed.missing == (1, 2)


def test_the_gap_ends_before_what_is_held() -> None:
    feed = Feed(7)
    feed.start(0)
    feed.accept([event(4), event(5), event(9)])
    assert feed.missing == (0, 3)
    assert numbers(feed.accept(log(0, 3))) == [1, 2, 3, 4, 5]
    assert feed.missing == (5, 8)


def test_a_lost_event_before_more_than_can_be_held_is_still_repaired() -> None:
    head = feeds.HELD + 700
    feed = Feed(7)
    feed.start(0)
    assert feed.accept(log(1, head)) == []
    assert len(feed._held) == feeds.HELD
    assert repair(feed) == list(range(1, head + 1))


def test_before_a_start_no_more_than_the_bound_is_held() -> None:
    head = feeds.HELD + 700
    feed = Feed(7)
    for envelope in log(0, head):
        feed.accept([envelope])
    assert len(feed._held) == feeds.HELD
    given_on = numbers(feed.start(3))
    assert given_on + repair(feed) == list(range(4, head + 1))
