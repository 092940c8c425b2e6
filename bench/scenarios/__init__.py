"""What is measured: each work in a file of its own. A scenario runs one round against one peer at a time."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers import Peer

Round = dict[str, Any]  # what a round gives; goes into the results file as it is

NAMES = ("w1", "w2", "w3", "w3b", "w4", "w5", "w6", "w7", "w8", "w8b", "w9", "w9g", "w10", "idle")


@dataclass(frozen=True)
class Effort:
    """How long one round takes."""

    seconds: float
    warm_up: float
    short: bool = False  # scenarios with a length of their own take their shorter one


@dataclass(frozen=True)
class Column:
    """One column of the report: what it says of all good rounds of a peer."""

    heading: str
    cell: Callable[[list[Round]], str]


@dataclass(frozen=True)
class Headline:
    """The figure that the report compares and draws: a key of every round."""

    key: str
    unit: str
    less_is_better: bool = False
    digits: int = 0


class Scenario(ABC):
    name: str
    title: str
    goal: str = ""  # one line for the report
    headline: Headline
    columns: tuple[Column, ...] = ()
    peers: tuple[str, ...] = ("klatch",)  # to whom it applies, in the order of the report
    members: int = 1
    rooms: int = 1  # member number n is in room n % rooms
    once: bool = False  # one long round in place of several
    overhead: float = 3.0  # seconds that a round takes beyond those of the effort, for the estimate

    def prepare(self, peer: Peer, folder: Path) -> None:
        """Make the data, once for all rounds."""
        peer.prepare(folder, self.members, self.rooms)

    def estimate(self, effort: Effort) -> float:
        """Seconds of one round, about."""
        return effort.seconds + effort.warm_up + self.overhead

    def details(self, rounds: list[Round]) -> str:
        """A table of its own, of Klatch's good rounds, under the common one."""
        return ""

    @abstractmethod
    def round(self, peer: Peer, effort: Effort) -> Round:
        """Start the peer, measure, stop it."""


def all_scenarios() -> dict[str, Scenario]:
    found = {name: Path(__file__).with_name(f"{name}.py") for name in NAMES}
    return {
        name: importlib.import_module(f"bench.scenarios.{name}").SCENARIO
        for name, file in found.items()
        if file.exists()
    }
