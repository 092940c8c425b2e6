"""What many checks do: people come, everybody writes, everybody is up to date, the verdict is clean."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.place import Place
from tests.faults.talkers import Talker, Verdict, judge

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
SECONDS = float(os.environ.get("FAULT_SECONDS", "5"))

Start = Callable[..., Place]


async def talkers(place: Place, count: int = 0) -> list[Talker]:
    made = [
        Talker(lambda: place.urls, token, place.room, first=number)
        for number, token in enumerate(place.tokens[: count or None])
    ]
    return [await talker.start() for talker in made]


async def storm(people: list[Talker], stop: asyncio.Event, pause: float = 0.01, words: str = "«привет» 上海") -> None:
    """Everybody writes, one message after the other, until ``stop``."""

    async def write(number: int, talker: Talker) -> None:
        count = 0
        while not stop.is_set():
            count += 1
            await talker.post(f"{number}-{count} {words}".strip())
            await asyncio.sleep(pause)

    await asyncio.gather(*[write(number, talker) for number, talker in enumerate(people)])


async def finish(place: Place, people: list[Talker], writers: list[Talker] | None = None, **found: Any) -> Verdict:
    verdict = await judge(await asyncio.to_thread(place.stored), people, writers)
    for talker in people:
        await talker.stop()
    assert verdict.clean, verdict
    assert verdict.stored >= 10
    returns = sorted(seconds for talker in people for seconds in talker.returns)
    note(
        place,
        stored=verdict.stored,
        delivered=verdict.delivered,
        returns=len(returns),
        slowest_return=round(returns[-1], 2) if returns else 0,
        **found,
    )
    return verdict


def lateness(people: list[Talker]) -> list[float]:
    """Seconds from the ack to each delivery to somebody else, in rising order."""
    acked = {sent.ack["id"]: sent.acked for talker in people for sent in talker.sent.values() if sent.acked is not None}
    return sorted(came - acked[key] for talker in people for key, (_, came) in talker.messages.items() if key in acked)


def note(place: Place | str, **found: Any) -> None:
    """Write down what was measured, for ``docs/explanation/faults.md``: FAULT_NOTES names the file."""
    name = os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[2].partition(" ")[0]
    kind = place if isinstance(place, str) else place.kind
    line = json.dumps({"check": name, "kind": kind, **found}, default=str)
    if target := os.environ.get("FAULT_NOTES"):
        with Path(target).open("a") as notes:
            notes.write(line + "\n")
