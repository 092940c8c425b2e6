"""The relay over Valkey or Redis 6+: one channel, one subscription a process. Needs the package ``redis``."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import redis
import redis.asyncio

from klatch.conf import conf
from klatch.relay import channel
from klatch.relay.remote import RemoteRelay

PING_SECONDS = 5.0


class RedisRelay(RemoteRelay):
    def __init__(self) -> None:
        super().__init__()
        self._url = conf().relay_url
        self._channel = channel()
        self._client: Any = None

    async def send(self, payload: bytes) -> None:
        if self._client is None:
            self._client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=2)
        await self._client.publish(self._channel, payload)

    def send_now(self, payload: bytes) -> None:
        client = redis.Redis.from_url(self._url, socket_connect_timeout=1, socket_timeout=1)
        try:
            client.publish(self._channel, payload)
        finally:
            client.close()

    async def subscribe(self, subscribed: Callable[[], None]) -> AsyncIterator[bytes]:
        # A connection of its own, without redis-py's own reading time-out: silence is normal here, so we ping instead.
        client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=2, socket_timeout=None)
        try:
            async with client.pubsub() as line:
                await line.subscribe(self._channel)
                answered = True
                while True:
                    message = await line.get_message(timeout=PING_SECONDS)
                    if message is None:
                        if not answered:
                            raise ConnectionError("no answer to a ping")
                        answered = False
                        await line.ping()
                    elif message["type"] == "message":
                        answered = True
                        yield message["data"]
                    elif message["type"] == "subscribe":
                        subscribed()
                    else:
                        answered = True
        finally:
            await client.aclose()

    async def disconnect(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()
