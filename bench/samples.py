"""Many latencies in little room: counts in buckets of one percent, which can be merged over rounds without error."""

import math
from collections import Counter
from collections.abc import Iterable

GROWTH = math.log(1.01)
SMALLEST = 0.001  # ms

Packed = dict[str, int]  # bucket → how many; the keys are text, as JSON has them


def pack(milliseconds: Iterable[float]) -> Packed:
    buckets = Counter(round(math.log(max(value, SMALLEST)) / GROWTH) for value in milliseconds)
    return {str(bucket): buckets[bucket] for bucket in sorted(buckets)}


def merge(parts: Iterable[Packed]) -> Packed:
    whole: Counter[str] = Counter()
    for part in parts:
        whole.update(part)
    return dict(whole)


def quantile(packed: Packed, share: float) -> float:
    """Milliseconds below which this share of the samples lies, within one percent."""
    rank = share * sum(packed.values())
    for bucket in sorted(packed, key=int):
        rank -= packed[bucket]
        if rank < 0:
            return math.exp(int(bucket) * GROWTH)
    return math.exp(max(map(int, packed), default=-math.inf) * GROWTH)
