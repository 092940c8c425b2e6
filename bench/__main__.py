"""`python -m bench`: the arguments, the Markdown on the screen, the results in bench/results/."""

import argparse
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, report
from bench.peers import all_peers
from bench.results import Results
from bench.run import Plan, run
from bench.scenarios import Effort, all_scenarios

RESULTS = Path(__file__).parent / "results"
SHORT_PEERS = ("klatch", "tutorial")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Klatch beside other ways to do it.")
    parser.add_argument("--scenario", action="append", choices=all_scenarios(), help="may be given again; default: all")
    parser.add_argument(
        "--peer",
        action="append",
        choices=all_peers(),
        help="may be given again, also where the table of scenarios does not name it; default: klatch and tutorial",
    )
    parser.add_argument("--full", action="store_true", help="every peer of each scenario, three alternating rounds")
    parser.add_argument("--quick", action="store_true", help="rounds of two seconds, to see that everything works")
    parser.add_argument("--seconds", type=float, default=4.0, help="of posting in each round")
    parser.add_argument("--rounds", type=int, help="default: one, three with --full")
    parser.add_argument("--dry-run", action="store_true", help="only say what would run and for how long")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the databases go while it runs"
    )
    parser.add_argument("--results", type=Path, nargs="+", help="measure nothing: report what these files hold")
    parser.add_argument("--publish", action="store_true", help="write tables and plots into docs")
    return parser.parse_args()


def plan(chosen: argparse.Namespace) -> Plan:
    scenarios, peers = all_scenarios(), all_peers()
    short = chosen.quick or not chosen.full
    seconds = 2.0 if chosen.quick else chosen.seconds
    work = []
    for scenario in (scenarios[name] for name in chosen.scenario or scenarios):
        named = chosen.peer or (scenario.peers if chosen.full else [x for x in SHORT_PEERS if x in scenario.peers])
        work.append((scenario, [peers[name] for name in named if name in peers]))
    rounds = chosen.rounds or (1 if short else 3)
    return Plan(work, Effort(seconds=seconds, warm_up=min(1.0, seconds), short=short), rounds)


def main() -> None:
    chosen = arguments()
    if chosen.results:
        results = Results.read(*chosen.results)
    else:
        todo = plan(chosen)
        for scenario, peers in todo.work:
            print(f"{scenario.name:5} {todo.rounds_of(scenario)} x {', '.join(peer.name for peer in peers)}")
        print(f"About {todo.minutes():.0f} minutes.\n", flush=True)
        if chosen.dry_run:
            return
        name = f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}-{machine.commit().replace('+', '-changed')}.jsonl"
        results = Results(RESULTS / name)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are stopped and what there is reported
        try:
            run(todo, results, chosen.folder)
        except KeyboardInterrupt:
            print("\nCut off; this is what there is:")
        print(f"\nWritten to {RESULTS / name}\n")
    if not results.heading:
        return
    print(report.markdown(results, all_scenarios()))
    if chosen.publish:
        from bench.page import publish

        publish(results, all_scenarios())


if __name__ == "__main__":
    main()
