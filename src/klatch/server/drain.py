"""What happens first when the server is told to stop: nobody new is taken, those who are here are sent away in turn.

Only then does the ASGI server stop, as it would have done at once.
"""

import asyncio
import gc
import signal
import threading
from types import FrameType
from typing import Any

import uvicorn

from klatch.realtime import node
from klatch.relay import relay

SECONDS_EACH = 0.002  # between two people who are sent away
LONGEST = 5.0


def on_terminate() -> None:
    """Put ourselves before uvicorn's handler of SIGTERM. Called in its event loop, when it has set its own."""
    if threading.current_thread() is not threading.main_thread():
        return
    stop = signal.getsignal(signal.SIGTERM)
    server = getattr(stop, "__self__", None)
    if not isinstance(server, uvicorn.Server) or not callable(stop):
        return
    loop = asyncio.get_running_loop()
    under_way: list[asyncio.Task[None]] = []

    async def drain(number: int) -> None:
        try:
            # Whoever comes now is taken by another process, or waits for the next one.
            for listener in server.servers:
                listener.close()
            here = node.current()
            if here is not None:
                await here.drain(_seconds(here))
        finally:
            # What all of them leave behind, the system takes back at once; Python would take it apart piece by piece.
            gc.freeze()
            stop(number, None)

    def begin(number: int, frame: FrameType | None) -> Any:
        # Told twice: at once.
        signal.signal(signal.SIGTERM, stop)
        loop.call_soon_threadsafe(lambda: under_way.append(loop.create_task(drain(number))))

    signal.signal(signal.SIGTERM, begin)


def _seconds(here: node.Node) -> float:
    """Over how long people are sent away: no longer than it helps those who take them in."""
    if relay().alone:
        return 0.0  # there is nobody else: the sooner this process is gone, the sooner the next one is there
    return min(LONGEST, sum(map(len, here.hub.users.values())) * SECONDS_EACH)
