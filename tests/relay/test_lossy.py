"""The careless relay of the tests keeps the contract too, and is as careless as it says."""

from klatch.relay import Relay
from tests.relay.contract import RelayContract, event
from tests.relay.lossy import LossyRelay


class TestLossyRelay(RelayContract):
    loses = True

    def make(self) -> Relay:
        return LossyRelay()

    async def test_it_loses_repeats_and_reorders(self) -> None:
        async with self.running() as (relay, receiver):
            for number in range(1, 301):
                relay.publish([event(number)])
            await self.settle(relay, receiver)
            numbers = [envelope.seq for envelope in receiver.envelopes if envelope.seq]
            assert 100 < len(set(numbers)) < 300
            assert len(numbers) > len(set(numbers))
            assert numbers != sorted(numbers)
            assert None in {envelope.text for envelope in receiver.envelopes}
