"""`python -m bench`: the arguments, the Markdown on the screen, the results in bench/results/."""

import argparse
import json
import tempfile
from pathlib import Path

from bench import report
from bench.peers import all_peers
from bench.run import run
from bench.scenarios import Effort, all_scenarios

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    peers, scenarios = all_peers(), all_scenarios()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Klatch beside the Channels tutorial stack.")
    parser.add_argument("--scenario", action="append", choices=scenarios, help="may be given again; default: w1 and w2")
    parser.add_argument(
        "--peer", action="append", choices=peers, help="may be given again; default: klatch and tutorial"
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="of posting in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of two seconds, to see that everything works")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the databases go while it runs"
    )
    arguments = parser.parse_args()

    seconds, rounds = (2.0, 1) if arguments.quick else (arguments.seconds, arguments.rounds)
    result = run(
        [scenarios[name] for name in arguments.scenario or ("w1", "w2")],
        [peers[name] for name in arguments.peer or ("klatch", "tutorial")],
        Effort(seconds=seconds, warm_up=min(1.0, seconds)),
        rounds,
        arguments.folder,
    )
    print("\n" + report.markdown(result))
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{result['date'][:19].replace(':', '')}-{result['commit'].replace('+', '-changed')}.json"
    file.write_text(json.dumps(report.summary(result), indent=1) + "\n")
    print(f"Written to {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")


if __name__ == "__main__":
    main()
