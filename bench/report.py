"""Turns the results of a run into Markdown. Every scenario brings its own columns; nothing is left out."""

from collections.abc import Mapping
from typing import Any

from bench.columns import middle
from bench.published import PUBLISHED
from bench.results import Results
from bench.scenarios import Headline, Round, Scenario

DISTURBED = 10.0  # percent of a core that somebody else may take before the report says so
OURS = "klatch"


def markdown(results: Results, scenarios: Mapping[str, Scenario], level: int = 2) -> str:
    parts = [heading(results)]
    for name in sorted(results.rounds, key=list(scenarios).index):
        parts.append(f"{'#' * level} {name.upper()}. {scenarios[name].title}")
        parts.append(section(results, scenarios[name]))
    parts.append(closing(results))
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(results: Results) -> str:
    known = results.heading
    where = known["machine"]
    pinned = (
        "Server on core 0, load generator on core 1."
        if where["pinned"]
        else "**Not pinned (fewer than two cores, or a system that cannot): server and generator share what there is.**"
    )
    lines = [f"- {name}: {about}" for name, about in known["peers"].items()]
    return (
        f"{known['date'][:10]}, commit {known['commit']}. {where['processor']}, {where['cores']} cores, "
        f"{where['system']}, Python {where['python']}; data on {where['data_on']}, "
        f"a durable write takes {where['fsync_ms']} ms. {pinned}\n\n" + "\n".join(lines)
    )


def section(results: Results, scenario: Scenario) -> str:
    """One scenario: its goal, its table, what others published, what to know before trusting a row."""
    goal = f"Goal: {scenario.goal}." if scenario.goal else ""
    ours = results.good(scenario.name, OURS)
    parts = [
        goal,
        table(results, scenario),
        scenario.details(ours) if ours else "",
        published(scenario.name),
        remarks(results.rounds[scenario.name]),
    ]
    return "\n\n".join(part for part in parts if part)


def table(results: Results, scenario: Scenario) -> str:
    headline, columns = scenario.headline, scenario.columns
    lines = [
        "| " + " | ".join(["Peer", headline.unit, "Klatch to it", *(column.heading for column in columns)]) + " |",
        "|---|--:|--:|" + "--:|" * len(columns),
    ]
    ours = middle(results.good(scenario.name, OURS), headline.key)
    for name in results.rounds[scenario.name]:
        good = results.good(scenario.name, name)
        value = middle(good, headline.key)
        if value is None:
            lines.append(f"| {name} | failed |" + " |" * (len(columns) + 1))
            continue
        cells = [name, f"**{value:,.{headline.digits}f}**", _ratio(headline, ours, value)]
        lines.append("| " + " | ".join([*cells, *(column.cell(good) for column in columns)]) + " |")
    return "\n".join(lines)


def published(scenario: str) -> str:
    """Figures of others, on their hardware: never beside ours in one table."""
    rows = [
        f"| {row.who} | {row.figure} | {row.hardware} | {row.source} |" for row in PUBLISHED if scenario == row.scenario
    ]
    if not rows:
        return ""
    head = "Published by others, **not measured here**:\n\n| Who | Figure | Hardware | Source |\n|---|---|---|---|\n"
    return head + "\n".join(rows)


def remarks(peers: dict[str, list[Round]]) -> str:
    """What a reader must know before trusting a row."""
    lines = []
    for name, rounds in peers.items():
        disturbed: dict[str, list[str]] = {}
        for number, outcome in enumerate(rounds, 1):
            if "failed" in outcome:
                reason = " ".join(outcome["failed"].split())
                lines.append(f"- **{name}, round {number} failed**: {reason[:400]}")
            elif outcome.get("stalled"):
                lines.append(f"- **{name}, round {number} stalled**: messages were lost, its poster waited for them.")
            for core, share in _disturbed(outcome):
                disturbed.setdefault(core, []).append(f"{share:.0f}% (round {number})")
        lines.extend(f"- {name}: other processes took of the {core} {', '.join(it)}." for core, it in disturbed.items())
    return "\n".join(lines)


def closing(results: Results) -> str:
    return "\n".join(f"- **{name} was not run**: {it} is not installed." for name, it in not_run(results).items())


def not_run(results: Results) -> dict[str, Any]:
    found: dict[str, Any] = results.heading["not_run"]
    return found


def _ratio(headline: Headline, ours: float | None, value: float) -> str:
    if not ours or not value:
        return "-"
    return f"{value / ours if headline.less_is_better else ours / value:,.1f}x"


def _disturbed(outcome: Round) -> list[tuple[str, float]]:
    """The cores of which somebody else took too much."""
    found = []
    for key, share in outcome.get("cpu", {}).items():
        # Nobody generates load when nothing but idleness is measured.
        heard = key == "others_on_server_core" or (key.startswith("others") and "deliveries" in outcome)
        if heard and share > DISTURBED:
            found.append((key.removeprefix("others_on_").replace("_", " "), share))
    return found
