"""The cells of the report. Medians of rates over the rounds; percentiles over all samples merged."""

import statistics

from bench.samples import merge, quantile
from bench.scenarios import Column, Headline, Round

FULL = 90.0  # percent of a core from which on it counts as saturated


def median(heading: str, key: str, digits: int = 0, unit: str = "") -> Column:
    def cell(rounds: list[Round]) -> str:
        value = middle(rounds, key)
        return "-" if value is None else f"{value:,.{digits}f}{unit}"

    return Column(heading, cell)


def each(heading: str, key: str, digits: int = 0) -> Column:
    """The value of every round, so that the spread is seen."""
    return Column(heading, lambda rounds: " ".join(f"{outcome[key]:,.{digits}f}" for outcome in rounds))


def percentiles(heading: str, key: str, shares: tuple[float, ...] = (0.5, 0.99)) -> Column:
    """Of latencies as bench.samples packs them."""

    def cell(rounds: list[Round]) -> str:
        packed = merge(outcome[key] for outcome in rounds if key in outcome)
        return " / ".join(f"{quantile(packed, share):,.1f}" for share in shares) if packed else "-"

    return Column(heading, cell)


def cpu(heading: str, who: str) -> Column:
    return Column(heading, lambda rounds: f"{share(rounds, who):.0f}%")


def share(rounds: list[Round], who: str) -> float:
    """Of a core, in percent: the median of the rounds."""
    return statistics.median(outcome["cpu"][who] for outcome in rounds)


def middle(rounds: list[Round], key: str) -> float | None:
    values = [outcome[key] for outcome in rounds if outcome.get(key) is not None]
    return statistics.median(values) if values else None


def saturated(rounds: list[Round]) -> str:
    """What stopped the run. If the generator is among it, the server could do more."""
    full = [who for who in ("server", "generator") if share(rounds, who) >= FULL]
    return " and ".join(full) or "neither (waiting)"


def exactly_once(rounds: list[Round]) -> str:
    faults = {fault: sum(outcome["faults"][fault] for outcome in rounds) for fault in rounds[0]["faults"]}
    wrong = ", ".join(f"{count:,} {fault.replace('_', ' ')}" for fault, count in faults.items() if count)
    return f"**no: {wrong}**" if wrong else f"yes, {sum(outcome['posted'] for outcome in rounds):,} messages"


def stored(rounds: list[Round]) -> str:
    if "verified" not in rounds[0]:
        return "stores nothing"
    wrong = sum(outcome["not_stored"] for outcome in rounds)
    checked = sum(outcome["verified"] for outcome in rounds)
    return f"**{wrong:,} of {checked:,} are not**" if wrong else f"yes, all {checked:,}"


CORES = (cpu("Server core", "server"), cpu("Generator core", "generator"), Column("Saturated", saturated))
PROOF = (Column("Delivered exactly once", exactly_once), Column("Stored as sent", stored))
DELIVERIES = Headline("deliveries_per_s", "deliveries/s")
ROOM = (
    each("rounds", "deliveries_per_s"),
    median("Posts/s", "posts_per_s"),
    percentiles("Answer p50 / p99 ms", "answer_ms"),
    percentiles("To the last member p50 / p99 ms", "delivery_ms"),
    *CORES,
    *PROOF,
)
