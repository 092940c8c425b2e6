"""Writes what was measured into docs/explanation/performance.md, between two markers, and plots into docs/images."""

import re
from collections.abc import Mapping
from pathlib import Path

from bench import report
from bench.charts import Bar, bars
from bench.columns import middle
from bench.results import Results
from bench.scenarios import Scenario

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- measured: written by `python -m bench --publish` -->", "<!-- end of measured -->"


def publish(results: Results, scenarios: Mapping[str, Scenario], docs: Path = DOCS) -> None:
    page = docs / "explanation" / "performance.md"
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page} needs the markers {BEGIN} and {END}, once")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    parts = ["## Measured", report.heading(results)]
    for name in sorted(results.rounds, key=list(scenarios).index):
        scenario = scenarios[name]
        parts.append(f"### {name.upper()}. {scenario.title}")
        if (plot := chart(results, scenario)) is not None:
            (docs / "images" / f"bench-{name}.svg").write_text(plot, encoding="utf-8")
            parts.append(f"![{_alt(results, scenario)}](../images/bench-{name}.svg)")
        parts.append(report.section(results, scenario))
    parts.append(report.closing(results))
    measured = "\n\n".join(part for part in parts if part)
    page.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}", encoding="utf-8")


def chart(results: Results, scenario: Scenario) -> str | None:
    """None where there is nothing to compare."""
    rows, key = [], scenario.headline.key
    for name in results.rounds[scenario.name]:
        values = [outcome[key] for outcome in results.good(scenario.name, name) if outcome.get(key) is not None]
        if values and name != "ceiling":
            value = middle(results.good(scenario.name, name), key) or 0.0
            rows.append(Bar(name, value, min(values), max(values), name == report.OURS))
    if len(rows) < 2:
        return None
    rows.sort(key=lambda row: row.value, reverse=not scenario.headline.less_is_better)
    return bars(_plain(f"{scenario.title}: {scenario.headline.unit}"), rows, scenario.headline.digits)


def _alt(results: Results, scenario: Scenario) -> str:
    ours = middle(results.good(scenario.name, report.OURS), scenario.headline.key)
    value = "no result" if ours is None else f"{ours:,.{scenario.headline.digits}f} {scenario.headline.unit}"
    return _plain(f"Bars of {scenario.headline.unit}; Klatch: {value}")


def _plain(text: str) -> str:
    return re.sub(r"[`*\[\]]", "", text)
