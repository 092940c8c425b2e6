"""How often one person may do something: token buckets in memory, for the socket and REST alike."""

import time
from collections import Counter, OrderedDict
from collections.abc import Iterable
from math import ceil

from klatch.conf import conf
from klatch.errors import RateLimited

REMEMBERED = 50_000

Key = tuple[str, int]


class Buckets:
    """A bucket for each key; each fills at ``rate`` a second up to ``burst``. The longest unused are forgotten.

    What was taken here is remembered until the other processes are told (``taken``), and what was taken there is
    charged here: a person with sockets in several processes has one allowance, give or take a second.
    """

    def __init__(self) -> None:
        self._buckets: OrderedDict[Key, tuple[float, float]] = OrderedDict()
        self._taken: Counter[Key] = Counter()

    def take(self, kind: str, user_id: int, rate: float, burst: float) -> None:
        """Take one. Raises ``RateLimited`` with the seconds until there is one again."""
        key = (kind, user_id)
        level, now = self._level(key, rate, burst)
        if level < 1:
            self._buckets[key] = (level, now)
            # Rounded up: whoever comes back then finds one.
            raise RateLimited(retry_after=ceil((1 - level) / rate * 100) / 100)
        self._buckets[key] = (level - 1, now)
        self._taken[key] += 1
        if len(self._buckets) > REMEMBERED:
            self._taken.pop(self._buckets.popitem(last=False)[0], None)

    def charge(self, kind: str, user_id: int, count: int, rate: float, burst: float) -> None:
        """Somebody took these elsewhere. A bucket may so fall below empty, by one burst at most."""
        key = (kind, user_id)
        level, now = self._level(key, rate, burst)
        self._buckets[key] = (max(level - count, -burst), now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)

    def taken(self) -> list[tuple[str, int, int]]:
        """What was taken here since the last call, as (kind, person, how many)."""
        since, self._taken = self._taken, Counter()
        return [(kind, user_id, count) for (kind, user_id), count in since.items()]

    def clear(self) -> None:
        self._buckets.clear()
        self._taken.clear()

    def _level(self, key: Key, rate: float, burst: float) -> tuple[float, float]:
        now = time.monotonic()
        level, since = self._buckets.pop(key, (burst, now))
        return min(burst, level + (now - since) * rate), now


buckets = Buckets()


def check(op: str, user_id: int) -> None:
    """Count one request of this person. Raises ``RateLimited``."""
    if not conf().rate_limit:
        return
    buckets.take("request", user_id, *_allowance("request"))
    if op in ("post", "edit", "create", "direct", "invite"):
        buckets.take("post", user_id, *_allowance("post"))


def check_socket(user_id: int) -> None:
    """Count one socket that this person opens. Raises ``RateLimited``."""
    if conf().rate_limit:
        buckets.take("socket", user_id, *_allowance("socket"))


def charge(taken: Iterable[tuple[str, int, int]]) -> None:
    """Count what other processes told (see ``Buckets.taken``)."""
    for kind, user_id, count in taken:
        if kind in ("request", "post", "socket"):
            buckets.charge(kind, user_id, count, *_allowance(kind))


def _allowance(kind: str) -> tuple[float, float]:
    settings = conf()
    if kind == "post":
        return settings.posts_per_second, settings.posts_burst
    if kind == "socket":
        return settings.sockets_per_minute / 60, settings.sockets_per_minute
    return settings.requests_per_second, settings.requests_burst
