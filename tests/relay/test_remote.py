"""The relays between processes keep the contract; two of one kind stand for two processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connections

from klatch.relay import Envelope, Relay, pack, unpack
from klatch.relay.layer import LayerRelay
from klatch.relay.postgres import LARGEST, PostgresRelay
from klatch.relay.redis import RedisRelay
from klatch.relay.remote import RemoteRelay
from tests import engines
from tests.relay.contract import Receiver, RelayContract, event


class BetweenProcesses(RelayContract):
    @asynccontextmanager
    async def two(self) -> AsyncIterator[tuple[tuple[Relay, Receiver], tuple[Relay, Receiver]]]:
        async with self.running() as one, self.running() as other:
            yield one, other

    async def test_what_is_published_in_one_process_comes_to_the_other_once(self) -> None:
        async with self.two() as ((relay, mine), (_, theirs)):
            batches = [[event(number)] for number in range(1, 50)]
            for batch in batches:
                relay.publish(batch)
            await theirs.until(batches[-1])
            assert theirs.batches == [tuple(batch) for batch in batches]
            assert mine.batches == [tuple(batch) for batch in batches]

    async def test_a_subscription_begins_with_a_resync(self) -> None:
        async with self.running() as (_, receiver):
            assert receiver.resyncs == 1

    async def test_a_process_without_a_loop_reaches_the_others(self) -> None:
        async with self.running() as (_, receiver):
            await asyncio.get_running_loop().run_in_executor(None, self.make().publish, [event(5)])
            await receiver.until([event(5)])


class TestRedisRelay(BetweenProcesses):
    @pytest.fixture(autouse=True)
    def _engine(self, settings: Any) -> None:
        settings.KLATCH = {"RELAY_URL": engines.valkey().url}

    def make(self) -> Relay:
        return RedisRelay()

    async def test_after_valkey_was_away_it_comes_back_and_says_that_something_may_be_lost(self) -> None:
        valkey = engines.valkey()
        async with self.two() as ((relay, mine), (_, theirs)):
            assert isinstance(relay, RedisRelay)
            await asyncio.get_running_loop().run_in_executor(None, valkey.stop)
            relay.publish([event(1)])
            await mine.until([event(1)])
            await asyncio.get_running_loop().run_in_executor(None, valkey.start)
            async with asyncio.timeout(15):
                while theirs.resyncs < 2 or not relay.healthy:  # noqa: ASYNC110 - the relay has no event for it
                    await asyncio.sleep(0.02)
            relay.publish([event(2)])
            await theirs.until([event(2)])
            assert (event(1),) not in theirs.batches

    async def test_two_places_on_one_valkey_do_not_hear_each_other(self, settings: Any) -> None:
        async with self.two() as ((relay, _), (_, theirs)):
            settings.SECRET_KEY = "another place"
            async with self.two() as ((stranger, _), (_, far)):
                relay.publish([event(1)])
                await theirs.until([event(1)])
                stranger.publish([event(2)])
                await far.until([event(2)])
                assert far.batches == [(event(2),)]

    async def test_without_valkey_the_process_itself_is_served(self, settings: Any) -> None:
        settings.KLATCH = {"RELAY_URL": f"redis://127.0.0.1:{engines.free_port()}/0"}
        relay, receiver = RedisRelay(), Receiver()
        starting = asyncio.create_task(relay.start(receiver.receive, receiver.resync))
        await asyncio.sleep(0)
        relay.publish([event(1)])
        await receiver.until([event(1)])
        assert not receiver.resyncs
        starting.cancel()
        await relay.stop()


class TestLayerRelay(BetweenProcesses):
    @pytest.fixture(autouse=True)
    def _engine(self, settings: Any) -> None:
        hosts = [engines.valkey().url]
        settings.CHANNEL_LAYERS = {
            "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": hosts}}
        }

    def make(self) -> Relay:
        return LayerRelay()


class TestPostgresRelay(BetweenProcesses):
    @pytest.fixture(autouse=True)
    def _engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        uri = engines.postgres()
        monkeypatch.setattr("klatch.relay.postgres._parameters", lambda: {"conninfo": uri})

    def make(self) -> Relay:
        return PostgresRelay()

    # A notification is small: what is large travels as its number, so the contract's large batch comes in parts.
    async def test_a_large_batch_of_large_events_comes_whole(self) -> None:
        batch = [event(number, f'"{"я" * 6_000}{number}"') for number in range(1, 65)]
        async with self.two() as ((relay, mine), (_, theirs)):
            relay.publish(batch)
            async with asyncio.timeout(10):
                while len(theirs.envelopes) < len(batch):  # noqa: ASYNC110 - in as many parts as it takes
                    await asyncio.sleep(0.01)
            assert mine.envelopes == batch
            assert theirs.envelopes == [envelope._replace(text=None) for envelope in batch]

    def test_no_notification_is_larger_than_postgresql_takes(self) -> None:
        relay = PostgresRelay()
        batch = [event(number, f'"{"я" * (number * 40)}"') for number in range(1, 120)]
        assert all(len(payload) <= LARGEST for payload in relay.pack(batch))
        assert relay.pack([Envelope("ephemeral", room=1, text="x" * LARGEST)]) == []


def test_a_batch_survives_the_way_through_bytes() -> None:
    batch = [Envelope("member.left", 2**63 - 1, 2**63 - 1, 3, '{"я":"\\u0000"}'), event(1, None)]
    assert unpack(pack("me", batch)) == ("me", batch)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[]", b"[1]", b'["a",[1]]', b'["a",[["k",1]]]', b"\xff", b"null", b'["a",[{}]]']
    + [b'["a",[["k",%s,0,null]]]' % pair for pair in (b"Infinity,0", b"1,-1", b'"1",0', b"1,1e400")]
    + [b'["a",[["k",1,1,1,[]]]]', b'["a",[["k",1,1,1,null,2]]]'],
)
def test_bytes_of_strangers_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(payload)


def test_the_three_are_one_kind() -> None:
    assert all(issubclass(kind, RemoteRelay) and not kind.alone for kind in (RedisRelay, LayerRelay, PostgresRelay))
    connections.close_all()
