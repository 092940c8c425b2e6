"""The relay over a project's Channels layer: one group, one channel a process. Needs the package ``channels``.

The pub/sub layer is the one to use; the core layer drops past its capacity, which the look at the log repairs.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from klatch.relay import channel
from klatch.relay.remote import RemoteRelay

AGAIN_SECONDS = 3_600.0  # layers forget groups after a day


class LayerRelay(RemoteRelay):
    def __init__(self) -> None:
        super().__init__()
        self._group = channel()

    def _layer(self) -> Any:
        layer = get_channel_layer()
        if layer is None:
            raise RuntimeError("CHANNEL_LAYERS has no “default”")
        return layer

    async def send(self, payload: bytes) -> None:
        await self._layer().group_send(self._group, {"type": "klatch.batch", "payload": payload.decode()})

    def send_now(self, payload: bytes) -> None:
        async_to_sync(self.send)(payload)

    async def subscribe(self, subscribed: Callable[[], None]) -> AsyncIterator[bytes]:
        layer = self._layer()
        mine = await layer.new_channel("klatch")
        await layer.group_add(self._group, mine)
        subscribed()
        joined = time.monotonic()
        try:
            while True:
                message = await layer.receive(mine)
                yield message["payload"].encode()
                if time.monotonic() - joined > AGAIN_SECONDS:
                    joined = time.monotonic()
                    await layer.group_add(self._group, mine)
                await asyncio.sleep(0)
        finally:
            await layer.group_discard(self._group, mine)
