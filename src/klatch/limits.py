"""How often one person may do something: token buckets in memory, for the socket and REST alike."""

import time
from collections import OrderedDict

from klatch.conf import conf
from klatch.errors import RateLimited

REMEMBERED = 50_000


class Buckets:
    """A bucket for each key; each fills at ``rate`` a second up to ``burst``. The longest unused are forgotten."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, int], tuple[float, float]] = OrderedDict()

    def take(self, kind: str, user_id: int, rate: float, burst: float) -> None:
        """Take one. Raises ``RateLimited`` with the seconds until there is one again."""
        now = time.monotonic()
        key = (kind, user_id)
        level, since = self._buckets.pop(key, (burst, now))
        level = min(burst, level + (now - since) * rate)
        if level < 1:
            self._buckets[key] = (level, now)
            raise RateLimited(retry_after=round((1 - level) / rate, 2))
        self._buckets[key] = (level - 1, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)

    def clear(self) -> None:
        self._buckets.clear()


buckets = Buckets()


def check(op: str, user_id: int) -> None:
    """Count one request of this person. Raises ``RateLimited``."""
    settings = conf()
    if not settings.rate_limit:
        return
    buckets.take("request", user_id, settings.requests_per_second, settings.requests_burst)
    if op in ("post", "edit", "create", "direct", "invite"):
        buckets.take("post", user_id, settings.posts_per_second, settings.posts_burst)
