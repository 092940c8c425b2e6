"""Where failed log-ins are counted: in the database, so that a restart or another process forgets none.

A cache for allauth's limits, of the four methods that they use. Nobody else's: every ``set`` is a write.
"""

import json
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from klatch.server.models import Counter

FORGET_EVERY = 60.0


_forgot = -FORGET_EVERY  # Django makes a cache for each thread; what is over is looked for once for all


def _forget() -> None:
    global _forgot
    now = time.monotonic()
    if now - _forgot >= FORGET_EVERY:
        _forgot = now
        Counter.objects.filter(until__lte=time.time()).delete()


class Counters(BaseCache):
    """One statement, one transaction each. ``add`` lets one of many in, in whichever process they are."""

    def __init__(self, table: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = Counter.objects.filter(pk=self.make_key(key, version), until__gt=time.time())
        value = found.values_list("value", flat=True).first()
        return default if value is None else json.loads(value)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._put(self.make_key(key, version), value, timeout, unless_there=True)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._put(self.make_key(key, version), value, timeout, unless_there=False)
        _forget()

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(Counter.objects.filter(pk=self.make_key(key, version)).delete()[0])

    def _put(self, key: str, value: Any, timeout: Any, *, unless_there: bool) -> bool:
        until = self.get_backend_timeout(timeout)
        condition = "WHERE klatch_server_counter.until <= %s" if unless_there else ""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO klatch_server_counter (key, value, until) VALUES (%s, %s, %s) "  # noqa: S608 (constants)
                f"ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until {condition}",
                [key, json.dumps(value), until, *([time.time()] if unless_there else [])],
            )
            return bool(cursor.rowcount)
