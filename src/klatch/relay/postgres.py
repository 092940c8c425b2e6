"""The relay over PostgreSQL's own NOTIFY, for places without Valkey. Needs psycopg 3.

A notification carries under 8,000 bytes: a larger event travels as its number only and is read from the log.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import psycopg
from django.db import connections

from klatch.relay import Envelope, pack
from klatch.relay.remote import RemoteRelay

CHANNEL = "klatch"
PING_SECONDS = 5.0
LARGEST = 7_900


class PostgresRelay(RemoteRelay):
    """Holds two connections for each process, outside Django's pool."""

    def __init__(self) -> None:
        super().__init__()
        self._line: Any = None

    def pack(self, envelopes: Sequence[Envelope]) -> list[bytes]:
        """As few notifications as the batch fits into."""
        whole = pack(self.name, envelopes)
        if len(whole) <= LARGEST:
            return [whole]
        if len(envelopes) > 1:
            half = len(envelopes) // 2
            return [*self.pack(envelopes[:half]), *self.pack(envelopes[half:])]
        if envelopes[0].seq:
            return [pack(self.name, [envelopes[0]._replace(text=None)])]
        return []  # ephemeral, and too large: it is best effort

    async def send(self, payload: bytes) -> None:
        if self._line is None or self._line.closed:
            self._line = await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True)
        await self._line.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload.decode()])

    def send_now(self, payload: bytes) -> None:
        with psycopg.connect(**_parameters(), autocommit=True) as line:
            line.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload.decode()])

    async def subscribe(self, subscribed: Callable[[], None]) -> AsyncIterator[bytes]:
        async with await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True) as line:
            await line.execute(f"LISTEN {CHANNEL}")
            subscribed()
            while True:
                async for notification in line.notifies(timeout=PING_SECONDS):
                    yield notification.payload.encode()
                # Silence is normal, and so is a line that died in silence: this tells them apart.
                await asyncio.wait_for(line.execute("SELECT 1"), PING_SECONDS)

    async def disconnect(self) -> None:
        if self._line is not None:
            await self._line.close()


def _parameters() -> dict[str, Any]:
    """What libpq understands of the database's settings: the rest is for Django."""
    given = connections["default"].get_connection_params()
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    return {"connect_timeout": 2} | {key: value for key, value in given.items() if key in known and value}
