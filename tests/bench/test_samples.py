"""Packed latencies: little room, one percent of error, and rounds that can be merged."""

import random

import pytest
from bench.samples import merge, pack, quantile


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99])
def test_a_quantile_is_within_one_percent_of_the_exact_one(share: float) -> None:
    chance = random.Random(1)
    samples = sorted(chance.lognormvariate(1, 2) for _ in range(10_000))
    assert quantile(pack(samples), share) == pytest.approx(samples[int(share * len(samples))], rel=0.01)


def test_merged_rounds_say_the_same_as_all_samples_together() -> None:
    first, second = [1.0, 2.0, 3.0], [2.0, 500.0]
    assert merge([pack(first), pack(second)]) == pack(first + second)
