"""The light mailbox and gate behave like asyncio's own, for as much as is asked of them."""

import asyncio

import pytest

from klatch.server.waiting import Gate, Mailbox


async def test_a_mailbox_gives_what_came_in_the_order_in_which_it_came() -> None:
    box = Mailbox()
    reading = asyncio.ensure_future(box.get())
    await asyncio.sleep(0)
    assert box.empty()
    for number in range(3):
        box.put_nowait(number)
    assert [await reading, await box.get(), await box.get()] == [0, 1, 2]
    assert box.empty()


async def test_a_reader_who_gives_up_loses_nothing() -> None:
    box = Mailbox()
    reading = asyncio.ensure_future(box.get())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    box.put_nowait("letter")
    assert await box.get() == "letter"


async def test_a_letter_that_comes_while_the_reader_gives_up_stays() -> None:
    box = Mailbox()
    reading = asyncio.ensure_future(box.get())
    await asyncio.sleep(0)
    box.put_nowait("letter")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await box.get() == "letter"


async def test_a_gate_lets_everybody_through_when_it_opens_and_nobody_before() -> None:
    gate = Gate()
    await gate.wait()
    gate.clear()
    waiting = [asyncio.ensure_future(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting[1:])
    gate.set()
    await asyncio.gather(*waiting[1:])
    assert gate.is_set()


async def test_a_gate_that_closes_again_at_once_keeps_who_waits() -> None:
    gate = Gate()
    gate.clear()
    waiting = asyncio.ensure_future(gate.wait())
    await asyncio.sleep(0)
    gate.set()
    gate.clear()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    await waiting
