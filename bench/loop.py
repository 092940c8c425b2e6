"""Runs the generator's work on its own core, on the fast loop where there is one."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from bench import machine


def run_loop[T](work: Coroutine[Any, Any, T], patience: float) -> T:
    """A peer that hangs is given up after `patience` seconds."""

    async def limited() -> T:
        async with asyncio.timeout(patience):
            return await work

    with machine.pinned(machine.LOAD_CORE):
        try:
            import uvloop
        except ImportError:
            return asyncio.run(limited())
        return uvloop.run(limited())
