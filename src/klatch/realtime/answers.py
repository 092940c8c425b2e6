"""What becomes of what somebody waits for: told once, as a result or as a failure. Knows nobody and no question."""

import asyncio
from typing import Any


def settle(future: "asyncio.Future[Any]", result: Any) -> None:
    """Give a result, or raise it where it is an exception. Who has gone meanwhile, or was told already, is not told."""
    if future.done():
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
