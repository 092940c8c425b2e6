"""The bridge from the event loop to the ORM: a small pool of threads, one whole unit of work a hop. Nothing else.

Django's own bridge would put all sockets of a process on one thread.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections

from klatch.errors import Unavailable

THREADS = 4
CLOSING_SECONDS = 5.0


def threads_for_search() -> int:
    """On SQLite one: each commit empties what a connection has kept of the index, and all would read it again."""
    return 1 if connection.vendor == "sqlite" else THREADS


class Database:
    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="klatch-read")

    async def read[T](self, unit: Callable[..., T], *args: object) -> T:
        """Run ``unit(*args)`` on a thread of the pool. Raises ``Unavailable`` where the database does not answer."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _run, unit, args)

    def close(self) -> None:
        """Close the threads and their connections; a thread whose database is silent is left behind."""
        everyone = threading.Barrier(self._threads)

        def last() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                everyone.wait(timeout=CLOSING_SECONDS)
            connections.close_all()

        wait([self._pool.submit(last) for _ in range(self._threads)], timeout=CLOSING_SECONDS + 1)
        self._pool.shutdown(wait=False, cancel_futures=True)


def _run[T](unit: Callable[..., T], args: tuple[object, ...]) -> T:
    try:
        return unit(*args)
    except (OperationalError, InterfaceError) as problem:
        _drop_broken()
        raise Unavailable from problem
    except DatabaseError:
        _drop_broken()
        raise


def _drop_broken() -> None:
    for opened in connections.all(initialized_only=True):
        if not opened.in_atomic_block:
            opened.close_if_unusable_or_obsolete()
