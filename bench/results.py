"""The results file: one JSON line for each round, written at once, so that a run that is cut off keeps what it has."""

import json
from pathlib import Path
from typing import Any

from bench.scenarios import Round


class Results:
    """`heading` says what ran where; `rounds` is scenario → peer → rounds."""

    def __init__(self, file: Path | None = None) -> None:
        self.heading: dict[str, Any] = {}
        self.rounds: dict[str, dict[str, list[Round]]] = {}
        self._file = file

    @classmethod
    def read(cls, *files: Path) -> "Results":
        """Several files make one report; the heading is that of the last, with the peers and commits of all."""
        results = cls()
        for file in files:
            for line in file.read_text().splitlines():
                entry = json.loads(line)
                if "heading" in entry:
                    results.start(_together(results.heading, entry["heading"]))
                else:
                    results.add(entry["scenario"], entry["peer"], entry["round"])
        return results

    def start(self, heading: dict[str, Any]) -> None:
        self.heading = heading
        self._append({"heading": heading})

    def add(self, scenario: str, peer: str, outcome: Round) -> None:
        self.rounds.setdefault(scenario, {}).setdefault(peer, []).append(outcome)
        self._append({"scenario": scenario, "peer": peer, "round": outcome})

    def good(self, scenario: str, peer: str) -> list[Round]:
        return [outcome for outcome in self.rounds.get(scenario, {}).get(peer, []) if "failed" not in outcome]

    def _append(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.parent.mkdir(exist_ok=True)
            with self._file.open("a") as file:
                file.write(json.dumps(entry) + "\n")


def _together(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    if not first:
        return second
    both = {key: {**first[key], **second[key]} for key in ("peers", "not_run")}
    commits = dict.fromkeys([*first["commit"].split(" and "), second["commit"]])
    return {**second, **both, "commit": " and ".join(commits)}
