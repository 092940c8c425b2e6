"""What every relay must do, whatever it is made of. A relay's own tests subclass ``RelayContract`` and name it.

A relay is a hint and may lose; ``loses`` says that this one does so even in a calm test.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from klatch.relay import Envelope, Relay

BIGGEST = 2**63 - 1


class Receiver:
    """One process's end: what was handed over, batch by batch, and on which thread."""

    def __init__(self) -> None:
        self.batches: list[tuple[Envelope, ...]] = []
        self.threads: set[int] = set()
        self.resyncs = 0
        self._news = asyncio.Condition()
        self._woken: set[asyncio.Task[None]] = set()

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        self.threads.add(threading.get_ident())
        self.batches.append(tuple(envelopes))
        task = asyncio.get_running_loop().create_task(self._wake())
        self._woken.add(task)
        task.add_done_callback(self._woken.discard)

    def resync(self) -> None:
        self.resyncs += 1

    @property
    def envelopes(self) -> list[Envelope]:
        return [envelope for batch in self.batches for envelope in batch]

    async def until(self, batch: Sequence[Envelope]) -> None:
        """Wait for this very batch."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: tuple(batch) in self.batches)

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()


def event(number: int, text: str | None = '{"type":"message.posted"}') -> Envelope:
    return Envelope("message.posted", room=7, seq=number, text=text)


LAST = [Envelope("ephemeral", room=1, text='"the last one"')]


class RelayContract:
    loses = False

    def make(self) -> Relay:
        raise NotImplementedError

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Relay, Receiver]]:
        relay, receiver = self.make(), Receiver()
        await relay.start(receiver.receive, receiver.resync)
        try:
            yield relay, receiver
        finally:
            await relay.stop()

    async def settle(self, relay: Relay, receiver: Receiver) -> None:
        """Publish a last batch until it comes: then all before it has come, or never will."""
        if not self.loses:
            relay.publish(LAST)
            await receiver.until(LAST)
            return
        async with asyncio.timeout(10):
            while LAST[0] not in receiver.envelopes:
                relay.publish(LAST)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.06)

    def check(self, published: Sequence[Sequence[Envelope]], receiver: Receiver) -> None:
        """All of it came, whole and once; of a relay that loses: nothing came that was not sent."""
        got = [batch for batch in receiver.batches if LAST[0] not in batch]
        if self.loses:
            sent = {envelope for batch in published for envelope in batch}
            sent |= {envelope._replace(text=None) for envelope in sent if envelope.seq}
            assert {envelope for batch in got for envelope in batch} <= sent
        else:
            assert sorted(got) == sorted(tuple(batch) for batch in published)

    async def test_what_is_published_here_is_handed_over_here_as_it_was(self) -> None:
        batch = [
            event(1),
            event(2, None),
            Envelope("member.left", room=BIGGEST, seq=BIGGEST, user=BIGGEST, text='{"removed":true}'),
            Envelope("personal", user=3, text='"привет 👋 \\u0000 \\" 你好"'),
            Envelope("rights", user=4),
            Envelope("session", text="a" * 64),
        ]
        async with self.running() as (relay, receiver):
            relay.publish(batch)
            await self.settle(relay, receiver)
            self.check([batch], receiver)
            assert all(isinstance(envelope, Envelope) for envelope in receiver.envelopes)

    async def test_publishing_hands_nothing_over_before_it_returns(self) -> None:
        async with self.running() as (relay, receiver):
            relay.publish([event(1)])
            assert receiver.batches == []
            await self.settle(relay, receiver)

    async def test_any_thread_may_publish_and_the_loop_receives(self) -> None:
        published = [[event(worker * 100 + number) for number in range(3)] for worker in range(40)]

        async with self.running() as (relay, receiver):
            threads = [threading.Thread(target=relay.publish, args=[batch]) for batch in published]
            for thread in threads:
                thread.start()
            for thread in threads:
                await asyncio.get_running_loop().run_in_executor(None, thread.join)
            await self.settle(relay, receiver)
            self.check(published, receiver)
            assert receiver.threads == {threading.get_ident()}

    async def test_a_large_batch_of_large_events_comes_whole(self) -> None:
        batch = [event(number, f'"{"я" * 2_000}{number}"') for number in range(1, 513)]
        async with self.running() as (relay, receiver):
            relay.publish(batch)
            await self.settle(relay, receiver)
            self.check([batch], receiver)

    async def test_publishing_before_the_start_and_after_the_stop_does_no_harm(self) -> None:
        relay, receiver = self.make(), Receiver()
        relay.publish([event(1)])
        await relay.start(receiver.receive, receiver.resync)
        await self.settle(relay, receiver)
        await relay.stop()
        heard = len(receiver.batches)
        relay.publish([event(2)])
        await asyncio.sleep(0.06)
        assert len(receiver.batches) == heard

    async def test_what_is_under_way_at_the_stop_is_not_handed_over_after_it(self) -> None:
        relay, receiver = self.make(), Receiver()
        await relay.start(receiver.receive, receiver.resync)
        relay.publish([event(1)])
        await relay.stop()
        heard = len(receiver.batches)
        await asyncio.sleep(0.06)
        assert len(receiver.batches) == heard

    async def test_it_can_be_started_again(self) -> None:
        relay, first, second = self.make(), Receiver(), Receiver()
        await relay.start(first.receive, first.resync)
        await self.settle(relay, first)
        await relay.stop()
        heard = len(first.batches)
        await relay.start(second.receive, second.resync)
        relay.publish([event(1)])
        await self.settle(relay, second)
        self.check([[event(1)]], second)
        assert len(first.batches) == heard
        await relay.stop()

    async def test_what_one_process_publishes_reaches_the_others(self) -> None:
        batch = [event(1), event(2, None), Envelope("personal", user=3, text='"привет 👋"')]
        async with self.running() as (here, receiver), self.running() as (there, other):
            assert here.alone == there.alone
            if not here.alone:
                here.publish(batch)
                await other.until(batch)
            await self.settle(here, receiver)

    async def test_stopping_twice_or_without_a_start_does_no_harm(self) -> None:
        relay = self.make()
        await relay.stop()
        async with self.running() as (relay, _):
            await relay.stop()
