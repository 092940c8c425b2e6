"""What is measured: each work in a file of its own. A scenario runs one round against one started peer."""

from dataclasses import dataclass
from typing import Any, Protocol

from bench.peers import Peer


@dataclass(frozen=True)
class Effort:
    """How long one round takes."""

    seconds: float
    warm_up: float


class Scenario(Protocol):
    name: str
    title: str
    members: int

    def round(self, peer: Peer, effort: Effort) -> dict[str, Any]:
        """Start the peer, measure, stop it. What it returns goes into the results file as it is."""


def all_scenarios() -> dict[str, Scenario]:
    from bench.scenarios import idle, w1, w2

    return {scenario.name: scenario for scenario in (w1.SCENARIO, w2.SCENARIO, idle.SCENARIO)}
