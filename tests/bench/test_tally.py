"""Whether the generator notices what it is there to notice: loss, repetition, disorder, changed text."""

import pytest
from bench.dialect import text
from bench.peers.klatch_dialect import KlatchDialect
from bench.tally import Front, Ledger, Tally


def event(body: str) -> str:
    return f'{{"type":"message.posted","message":{{"body":"{body}","html":"<p>{body}</p>"}}}}'


def ledger() -> Ledger:
    return Ledger(KlatchDialect.serial, KlatchDialect.marker)


def counted(*frames: list[int], posted: int) -> Tally:
    book, tally = ledger(), Tally()
    for serials in frames:
        payload = ("[" + ",".join(event(text(serial)) for serial in serials) + "]").encode()
        tally.add(book.serials(bytearray(b"head" + payload + b"tail"), 4, 4 + len(payload)))
    tally.close(posted)
    return tally


def test_everything_once_and_in_order_has_no_fault() -> None:
    tally = counted([0], [1, 2, 3], [4], posted=5)
    assert (tally.count, tally.missing, tally.duplicates, tally.late) == (5, set(), 0, 0)


def test_a_lost_message_is_named() -> None:
    tally = counted([0, 1], [3], posted=4)
    assert (tally.count, tally.missing) == (3, {2})


def test_the_last_messages_are_missed_too() -> None:
    assert counted([0, 1], posted=4).missing == {2, 3}


def test_a_loss_and_a_repetition_do_not_cancel_each_other_out() -> None:
    tally = counted([0, 1, 1, 3], posted=4)
    assert (tally.count, tally.missing, tally.duplicates) == (3, {2}, 1)


def test_the_same_frame_twice_is_a_repetition_of_all_in_it() -> None:
    tally = counted([0, 1, 2], [0, 1, 2], posted=3)
    assert (tally.count, tally.duplicates) == (3, 3)


def test_a_message_that_comes_late_is_out_of_order_and_not_lost() -> None:
    tally = counted([0, 2], [1], posted=3)
    assert (tally.count, tally.missing, tally.late) == (3, set(), 1)


def test_frames_of_the_same_length_are_not_taken_for_one_another() -> None:
    tally = counted([0], [1], [2], posted=3)
    assert (tally.count, tally.missing, tally.duplicates) == (3, set(), 0)


def test_a_message_with_another_text_is_refused() -> None:
    payload = event("something else").encode()
    with pytest.raises(ValueError, match="without the text"):
        ledger().serials(bytearray(payload), 0, len(payload))


def test_a_message_has_64_bytes() -> None:
    assert {len(text(serial).encode()) for serial in (0, 7, 12_345_678)} == {64}


def test_the_front_is_where_the_slowest_member_is() -> None:
    front = Front(0, members=3)
    moves = [(0, 2), (0, 5), (0, 1), (1, 5), (2, 5), (5, 6)]
    assert [(front.move(*move), front.lowest) for move in moves] == [
        (False, 0), (False, 0), (True, 1), (True, 2), (True, 5), (False, 5)
    ]  # fmt: skip


def test_a_room_that_is_not_the_first_counts_from_its_own_first_number() -> None:
    tally = Tally(first=70_000)
    tally.add(range(70_000, 70_002))
    tally.close(70_003)
    assert (tally.count, tally.missing) == (2, {70_002})


def received(book: Ledger, *serials: int) -> list[int]:
    payload = ",".join(event(text(serial)) for serial in serials).encode()
    return list(book.serials(bytearray(payload), 0, len(payload)))


def test_with_several_posters_any_order_is_right_if_it_is_the_same_for_all() -> None:
    book = Ledger(KlatchDialect.serial, KlatchDialect.marker, first=10, posters=2)
    assert received(book, 12, 10) == [10, 11]
    assert received(book, 11) == [12]
    assert [book.serial_at(place) for place in (10, 11, 12)] == [12, 10, 11]
    same, other = Tally(first=10), Tally(first=10)
    same.add(received(book, 12, 10, 11))
    other.add(received(book, 10, 12, 11))
    assert (same.count, same.late, same.duplicates) == (3, 0, 0)
    assert (other.count, other.late, other.duplicates) == (3, 1, 0)
