"""Turns the results of a run into Markdown. Medians of rates over the rounds; percentiles over all samples merged."""

import statistics
from typing import Any

FULL = 90.0  # percent of a core from which on it counts as saturated
DISTURBED = 10.0  # percent of a core that somebody else may take before the report says so
BASE = "tutorial"


def markdown(result: dict[str, Any]) -> str:
    parts = [_heading(result)]
    for name, scenario in result["scenarios"].items():
        table = _idle_table if name == "idle" else _room_table
        parts.append(f"## {scenario['title']}\n\n{table(scenario['peers'])}")
        parts.extend(_remarks(scenario["peers"]))
    parts.extend(f"- **{name} was not run**: {reason}." for name, reason in result["not_run"].items())
    return "\n\n".join(parts) + "\n"


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """The results file: as measured, with percentiles in place of the thousands of samples."""
    scenarios = {}
    for name, scenario in result["scenarios"].items():
        scenarios[name] = {**scenario, "peers": {peer: _slim(rounds) for peer, rounds in scenario["peers"].items()}}
    return {**result, "scenarios": scenarios}


def _heading(result: dict[str, Any]) -> str:
    where = result["machine"]
    pinned = (
        "Server on core 0, load generator on core 1."
        if where["pinned"]
        else "**Not pinned (fewer than two cores, or a system that cannot): server and generator share what there is.**"
    )
    return (
        f"# Klatch {result['commit']}, {result['date']}\n\n"
        f"{where['processor']}, {where['cores']} cores, {where['system']}, Python {where['python']}; "
        f"data on {where['data_on']}, a durable write takes {where['fsync_ms']} ms. {pinned}\n\n"
        + "\n".join(f"- {name}: {about}" for name, about in result["peers"].items())
    )


def _room_table(peers: dict[str, list[dict[str, Any]]]) -> str:
    lines = [
        "| Peer | Deliveries/s | rounds | against tutorial | Posts/s | Answer p50 / p99 ms | Delivery p50 / p99 ms "
        "| Server core | Generator core | Saturated | Delivered exactly once | Stored as sent |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|---|",
    ]
    base = _median(peers.get(BASE, []), "deliveries_per_s")
    for name, rounds in peers.items():
        good = [outcome for outcome in rounds if "failed" not in outcome]
        if not good:
            lines.append(f"| {name} | failed |" + " |" * 10)
            continue
        rate = _median(good, "deliveries_per_s")
        server, generator = _cpu(good, "server"), _cpu(good, "generator")
        cells = [
            name,
            f"**{rate:,.0f}**",
            " ".join(f"{outcome['deliveries_per_s']:,}" for outcome in good),
            f"{rate / base:.1f}x" if base else "-",
            f"{_median(good, 'posts_per_s'):,.0f}",
            _percentiles(good, "answer_ms"),
            _percentiles(good, "delivery_ms"),
            f"{server:.0f}%",
            f"{generator:.0f}%",
            _saturated(server, generator),
            _exactly_once(good),
            _stored(good),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _idle_table(peers: dict[str, list[dict[str, Any]]]) -> str:
    lines = ["| Peer | Resident memory | Ready after | CPU |", "|---|--:|--:|--:|"]
    for name, rounds in peers.items():
        good = [outcome for outcome in rounds if "failed" not in outcome]
        if not good:
            lines.append(f"| {name} | failed | | |")
            continue
        memory, ready = _median(good, "memory_mib"), _median(good, "ready_s")
        lines.append(f"| {name} | {memory:.0f} MiB | {ready:.2f} s | {_cpu(good, 'server'):.1f}% |")
    return "\n".join(lines)


def _remarks(peers: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What a reader must know before trusting a row."""
    remarks = []
    for name, rounds in peers.items():
        for number, outcome in enumerate(rounds, 1):
            if "failed" in outcome:
                remarks.append(f"- **{name}, round {number} failed**: {outcome['failed']}")
            elif outcome.get("stalled"):
                remarks.append(
                    f"- **{name}, round {number} stalled**: messages were lost and its poster waited for them."
                )
            for key, share in outcome.get("cpu", {}).items():
                # Nobody generates load when nothing but idleness is measured.
                heard = key == "others_on_server_core" or (key.startswith("others") and "deliveries" in outcome)
                if heard and share > DISTURBED:
                    core = key.removeprefix("others_on_").replace("_", " ")
                    remarks.append(f"- {name}, round {number}: other processes took {share:.0f}% of the {core}.")
    return ["\n".join(remarks)] if remarks else []


def _saturated(server: float, generator: float) -> str:
    """What stopped the run. If the generator is among it, the server could do more."""
    full = [name for name, share in (("server", server), ("generator", generator)) if share >= FULL]
    return " and ".join(full) or "neither (waiting)"


def _exactly_once(rounds: list[dict[str, Any]]) -> str:
    faults = {fault: sum(outcome["faults"][fault] for outcome in rounds) for fault in rounds[0]["faults"]}
    wrong = ", ".join(f"{count:,} {fault.replace('_', ' ')}" for fault, count in faults.items() if count)
    return f"**no: {wrong}**" if wrong else f"yes, {sum(outcome['posted'] for outcome in rounds):,} messages to each"


def _stored(rounds: list[dict[str, Any]]) -> str:
    if "verified" not in rounds[0]:
        return "stores nothing"
    wrong = sum(outcome["not_stored"] for outcome in rounds)
    checked = sum(outcome["verified"] for outcome in rounds)
    return f"**{wrong:,} of {checked:,} are not**" if wrong else f"yes, all {checked:,}"


def _median(rounds: list[dict[str, Any]], key: str) -> float:
    values = [outcome[key] for outcome in rounds if key in outcome]
    return statistics.median(values) if values else 0.0


def _cpu(rounds: list[dict[str, Any]], key: str) -> float:
    return statistics.median(outcome["cpu"][key] for outcome in rounds)


def _percentiles(rounds: list[dict[str, Any]], key: str) -> str:
    p50, p99 = _quantiles([sample for outcome in rounds for sample in outcome[key]])
    return f"{p50:.1f} / {p99:.1f}"


def _quantiles(samples: list[float]) -> tuple[float, float]:
    ordered = sorted(samples) or [0.0]
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def _slim(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    slim = []
    for outcome in rounds:
        short = dict(outcome)
        for key in ("answer_ms", "delivery_ms"):
            if key in short:
                p50, p99 = _quantiles(short[key])
                short[key] = {"p50": round(p50, 3), "p99": round(p99, 3), "samples": len(short[key])}
        slim.append(short)
    return slim
