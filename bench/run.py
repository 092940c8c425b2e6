"""Runs scenarios against peers in alternating rounds and hands on what they return. Prints progress, judges nothing."""

import tempfile
import traceback
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import machine
from bench.peers import Peer
from bench.results import Results
from bench.scenarios import Effort, Round, Scenario


@dataclass
class Plan:
    """Which peers take part in which scenario, for how long."""

    work: list[tuple[Scenario, list[Peer]]]
    effort: Effort
    rounds: int

    def rounds_of(self, scenario: Scenario) -> int:
        return 1 if scenario.once else self.rounds

    def minutes(self) -> float:
        seconds = sum(
            peer.preparing + self.rounds_of(scenario) * scenario.estimate(self.effort)
            for scenario, peers in self.work
            for peer in peers
        )
        return seconds / 60


def run(plan: Plan, results: Results, folder: Path) -> None:
    peers = {peer.name: peer for _, peers in plan.work for peer in peers}
    missing = {name: reason for name, peer in peers.items() if (reason := peer.missing())}
    for name, reason in missing.items():
        print(f"!!! {name} is NOT measured: {reason} is not installed (see bench/README.md).\n")
    machine.raise_file_limit()
    results.start(
        {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": machine.commit(),
            "machine": machine.describe(folder),
            "effort": {"seconds": plan.effort.seconds, "rounds": plan.rounds, "short": plan.effort.short},
            "peers": {name: _about(peer) for name, peer in peers.items() if name not in missing},
            "not_run": missing,
        }
    )
    with tempfile.TemporaryDirectory(prefix="klatch-bench-", dir=folder, ignore_cleanup_errors=True) as place:
        for scenario, chosen in plan.work:
            print(f"{scenario.title}", flush=True)
            able = [peer for peer in chosen if peer.name not in missing]
            _rounds(scenario, able, plan, results, Path(place) / scenario.name)


def _about(peer: Peer) -> str:
    versions = peer.versions()
    return f"{peer.about} ({versions})" if versions else peer.about


def _rounds(scenario: Scenario, peers: list[Peer], plan: Plan, results: Results, place: Path) -> None:
    prepared = []
    for peer in peers:
        (place / peer.name).mkdir(parents=True)
        try:
            scenario.prepare(peer, place / peer.name)
            prepared.append(peer)
        except Exception as error:
            outcome = _failure(error)
            print(f"  {peer.name}: {_brief(scenario, outcome)}", flush=True)
            results.add(scenario.name, peer.name, outcome)
    # Alternating, so that a machine that slows down slows everybody.
    rounds = plan.rounds_of(scenario)
    for number in range(rounds):
        for peer in prepared:
            print(f"  round {number + 1} of {rounds}, {peer.name}: ", end="", flush=True)
            outcome = _one_round(scenario, peer, plan.effort)
            print(_brief(scenario, outcome), flush=True)
            results.add(scenario.name, peer.name, outcome)


def _one_round(scenario: Scenario, peer: Peer, effort: Effort) -> Round:
    """A round that fails is a result too: the others still count, and the report shows it."""
    try:
        return scenario.round(peer, effort)
    except Exception as error:
        return _failure(error)
    finally:
        with suppress(Exception):
            peer.stop()


def _failure(error: Exception) -> Round:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return {"failed": f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"}


def _brief(scenario: Scenario, outcome: Round) -> str:
    if "failed" in outcome:
        return f"FAILED, {outcome['failed']}"
    figure = f"{outcome[scenario.headline.key]:,.{scenario.headline.digits}f} {scenario.headline.unit}"
    cpu = ", ".join(f"{name.replace('_', ' ')} {share:.0f}%" for name, share in outcome.get("cpu", {}).items())
    return f"{figure}; {cpu}" if cpu else figure
