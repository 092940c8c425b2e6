"""Runs scenarios against peers in alternating rounds and gathers what they return. Prints progress, judges nothing."""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine
from bench.peers import Peer
from bench.scenarios import Effort, Scenario


def run(scenarios: Iterable[Scenario], peers: list[Peer], effort: Effort, rounds: int, folder: Path) -> dict[str, Any]:
    """Everything that the report and the results file need."""
    usable, not_run = [], {}
    for peer in peers:
        missing = peer.missing()
        if missing is None:
            usable.append(peer)
        else:
            not_run[peer.name] = f"{missing} is not installed"
            print(f"!!! {peer.name} is NOT measured: {not_run[peer.name]}. Install requirements/bench.txt.\n")
    with tempfile.TemporaryDirectory(prefix="klatch-bench-", dir=folder) as place:
        result: dict[str, Any] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": machine.commit(),
            "machine": machine.describe(Path(place)),
            "peers": {peer.name: peer.about for peer in usable},
            "not_run": not_run,
            "scenarios": {},
        }
        for scenario in scenarios:
            print(f"{scenario.title}", flush=True)
            result["scenarios"][scenario.name] = {
                "title": scenario.title,
                "peers": _rounds(scenario, usable, effort, rounds, Path(place) / scenario.name),
            }
    return result


def _rounds(scenario: Scenario, peers: list[Peer], effort: Effort, rounds: int, place: Path) -> dict[str, Any]:
    results: dict[str, Any] = {peer.name: [] for peer in peers}
    prepared = []
    for peer in peers:
        (place / peer.name).mkdir(parents=True)
        try:
            peer.prepare(place / peer.name, scenario.members)
            prepared.append(peer)
        except Exception as error:
            results[peer.name].append({"failed": f"{type(error).__name__}: {error}"})
            print(f"  {peer.name}: {_brief(results[peer.name][0])}")
    # Alternating, so that a machine that slows down slows everybody.
    for number in range(rounds):
        for peer in prepared:
            print(f"  round {number + 1} of {rounds}, {peer.name}: ", end="", flush=True)
            outcome = _one_round(scenario, peer, effort)
            print(_brief(outcome), flush=True)
            results[peer.name].append(outcome)
    return results


def _one_round(scenario: Scenario, peer: Peer, effort: Effort) -> dict[str, Any]:
    """A round that fails is a result too: the others still count, and the report shows it."""
    try:
        return scenario.round(peer, effort)
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        with suppress(Exception):
            peer.stop()


def _brief(outcome: dict[str, Any]) -> str:
    if "failed" in outcome:
        return f"FAILED, {outcome['failed']}"
    if "deliveries_per_s" in outcome:
        cpu = ", ".join(f"{name.replace('_', ' ')} {share:.0f}%" for name, share in outcome["cpu"].items())
        return f"{outcome['deliveries_per_s']:,} deliveries/s; {cpu}"
    return f"{outcome['memory_mib']} MiB, ready after {outcome['ready_s']} s"
