"""The relay of a single process keeps the contract, and a little more."""

from klatch.relay import Relay, relay
from klatch.relay.memory import MemoryRelay
from tests.relay.contract import Receiver, RelayContract, event


class TestMemoryRelay(RelayContract):
    def make(self) -> Relay:
        return MemoryRelay()

    async def test_it_keeps_the_order_in_which_one_thread_publishes(self) -> None:
        async with self.running() as (relay, receiver):
            for number in range(1, 101):
                relay.publish([event(number)])
            await self.settle(relay, receiver)
            assert [envelope.seq for envelope in receiver.envelopes[:-1]] == list(range(1, 101))


def test_it_is_the_relay_unless_a_project_names_another() -> None:
    assert isinstance(relay(), MemoryRelay)
    assert relay() is relay()


async def test_a_loop_that_has_ended_is_no_reason_to_fail() -> None:
    import asyncio
    import threading

    made, receiver = MemoryRelay(), Receiver()

    async def start() -> None:
        await made.start(receiver.receive, receiver.resync)

    thread = threading.Thread(target=asyncio.run, args=[start()])
    thread.start()
    await asyncio.get_running_loop().run_in_executor(None, thread.join)
    made.publish([event(1)])
    assert receiver.batches == []
