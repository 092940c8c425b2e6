"""The report says what went wrong as loudly as what went well."""

from pathlib import Path
from typing import Any

from bench.columns import DELIVERIES, ROOM
from bench.peers import Peer, Running
from bench.report import markdown
from bench.results import Results
from bench.run import Plan, run
from bench.samples import pack
from bench.scenarios import Effort, Scenario

CPU = {"server": 99.0, "generator": 20.0, "others_on_server_core": 0.0, "others_on_generator_core": 0.0}
FAULTS = {"lost": 0, "duplicated": 0, "out_of_order": 0, "unanswered": 0}


class PaperPeer(Peer):
    """Needs no server: the scenario below makes its figures."""

    about = "for the tests"

    def __init__(self, name: str, *outcomes: dict[str, Any], lacks: str | None = None) -> None:
        self.name = name
        self.outcomes = iter(outcomes)
        self.lacks = lacks

    def missing(self) -> str | None:
        return self.lacks

    def start(self, port: int | None = None) -> Running:
        raise NotImplementedError


class PaperScenario(Scenario):
    name, title, headline, columns = "w1", "Busy room", DELIVERIES, ROOM

    def round(self, peer: PaperPeer, effort: Effort) -> dict[str, Any]:
        outcome = next(peer.outcomes)
        if "error" in outcome:
            raise RuntimeError(outcome["error"])
        return outcome


def outcome(rate: int, **changes: Any) -> dict[str, Any]:
    latencies = {"answer_ms": pack([1.0, 2.0]), "delivery_ms": pack([1.0, 2.0])}
    counts = {"deliveries": rate, "deliveries_per_s": rate, "posts_per_s": rate // 2, "posted": 4}
    return {**latencies, **counts, "stalled": False, "cpu": CPU, "faults": FAULTS, **changes}


def reported(tmp_path: Path, *peers: PaperPeer, rounds: int) -> str:
    """As from the file: what a run leaves behind says everything."""
    scenario, file = PaperScenario(), tmp_path / "results" / "run.jsonl"
    run(Plan([(scenario, list(peers))], Effort(seconds=1, warm_up=0), rounds), Results(file), tmp_path)
    return markdown(Results.read(file), {"w1": scenario})


def row(report: str, name: str) -> str:
    return next(line for line in report.splitlines() if line.startswith(f"| {name} |"))


def test_a_row_has_the_median_and_the_ratio_to_the_tutorial(tmp_path: Path) -> None:
    klatch = PaperPeer("klatch", outcome(900), outcome(3_000), outcome(1_000))
    tutorial = PaperPeer("tutorial", outcome(90), outcome(110), outcome(100))
    report = reported(tmp_path, klatch, tutorial, rounds=3)
    assert "**1,000**" in row(report, "klatch")
    assert "10.0x" in row(report, "tutorial")
    assert "| server |" in row(report, "klatch")
    assert "yes, 12 messages" in row(report, "klatch")


def test_what_was_lost_stands_in_the_row(tmp_path: Path) -> None:
    klatch = PaperPeer("klatch", outcome(1), outcome(1, faults={**FAULTS, "lost": 7, "duplicated": 2}, stalled=True))
    report = reported(tmp_path, klatch, rounds=2)
    assert "**no: 7 lost, 2 duplicated**" in row(report, "klatch")
    assert "round 2 stalled" in report


def test_an_acknowledged_post_that_is_not_stored_stands_in_the_row(tmp_path: Path) -> None:
    report = reported(tmp_path, PaperPeer("klatch", outcome(1, verified=4, not_stored=1)), rounds=1)
    assert "**1 of 4 are not**" in row(report, "klatch")


def test_a_saturated_generator_and_a_busy_neighbour_are_named(tmp_path: Path) -> None:
    cpu = {"server": 50.0, "generator": 97.0, "others_on_server_core": 30.0, "others_on_generator_core": 0.0}
    report = reported(tmp_path, PaperPeer("klatch", outcome(1, cpu=cpu)), rounds=1)
    assert "| generator |" in row(report, "klatch")
    assert "other processes took of the server core 30% (round 1)" in report


def test_a_failed_round_does_not_hide_the_others_nor_itself(tmp_path: Path) -> None:
    report = reported(tmp_path, PaperPeer("klatch", {"error": "it fell over"}, outcome(500)), rounds=2)
    assert "**500**" in row(report, "klatch")
    assert "round 1 failed**: RuntimeError: it fell over" in report


def test_a_peer_that_cannot_run_is_named(tmp_path: Path) -> None:
    peers = PaperPeer("klatch", outcome(500)), PaperPeer("tutorial", lacks="daphne")
    report = reported(tmp_path, *peers, rounds=1)
    assert "**tutorial was not run**: daphne is not installed" in report


def test_what_was_measured_is_in_the_file_before_the_next_round_begins(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    seen = []

    class Watched(PaperScenario):
        def round(self, peer: PaperPeer, effort: Effort) -> dict[str, Any]:
            seen.append(len(Results.read(file).good("w1", "klatch")))
            return super().round(peer, effort)

    klatch = PaperPeer("klatch", outcome(1), outcome(2))
    run(Plan([(Watched(), [klatch])], Effort(seconds=1, warm_up=0), rounds=2), Results(file), tmp_path)
    assert seen == [0, 1]
