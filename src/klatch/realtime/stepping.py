"""A coroutine stepped by hand at first, and handed to a task only where it has to wait. Knows nothing of sockets."""

import types
from collections.abc import Coroutine, Generator
from typing import Any


@types.coroutine
def go_on(coroutine: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Continue a coroutine that was started outside a task and now waits for ``waits_for``."""
    while True:
        try:
            value = yield waits_for
        except BaseException as problem:
            step = coroutine.throw
            argument: Any = problem
        else:
            step, argument = coroutine.send, value  # type: ignore[assignment]
        try:
            waits_for = step(argument)
        except StopIteration:
            return
