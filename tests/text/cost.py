"""What treating a text costs, in units of an ordinary text of the same length: a ratio within one run."""

import time
from collections.abc import Callable
from typing import Any

from klatch.text import excerpt, parse_query, render, tokens

FULL = 10_000
MOST = 40.0
ORDINARY = ("An **ordinary** text with `code`, a [link](https://example.org) and a name: @anna.\n\n" * 120)[:FULL]


def affordable(work: Callable[[str], Any], body: str) -> bool:
    """Whether the work takes less than ``MOST`` ordinary texts. Measured anew where it seems not to."""
    return any(_seconds(work, body) < MOST * _seconds(treat, ORDINARY) for _ in range(3))


def treat(body: str) -> None:
    """All that is done with a body that is posted, and with words that are looked for."""
    render(body)
    excerpt(body)
    tokens(body)
    parse_query(body)


def _seconds(work: Callable[[str], Any], body: str) -> float:
    started = time.thread_time()
    work(body)
    return time.thread_time() - started
