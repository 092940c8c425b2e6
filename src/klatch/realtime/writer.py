"""The writer of this process: one thread, one connection; what waits is committed together, then acknowledged.

No timer: an idle server commits at once, a busy one batches by itself. Knows no sockets.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections, transaction

from klatch import search
from klatch.actions import messages
from klatch.errors import Internal, KlatchError, Unavailable
from klatch.models import Message
from klatch.realtime.answers import settle

logger = logging.getLogger("klatch.writer")

BATCH = 512
WAITING = 10_000
SILENT_SECONDS = 10  # PostgreSQL ends our transaction if it hears nothing for so long
CHECKPOINT_AFTER = 2_000  # jobs; also whenever the writer falls idle
IDLE = 1.0
FORGET_FIRST = 60.0  # seconds after the start until deleted and edited words leave the search index
FORGET_AGAIN = 300.0  # and between two such runs; a long run is followed by a longer pause


Done = Callable[[Any], None]


@dataclass(slots=True)
class Job:
    """A draft to post, or any other write; ``done`` is told what comes of it."""

    done: Done
    draft: messages.Draft | None
    action: Callable[[], Any] | None


class Writer:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="klatch-writer", daemon=True)
        self._since_checkpoint = 0
        self._forget_at = time.monotonic() + FORGET_FIRST
        self._ended = False
        self._thread.start()

    def take(self, draft: messages.Draft, done: Done) -> None:
        """Post with the batch. ``done`` is called in the loop: with the message once it is on disk, or the error."""
        self._submit(Job(done, draft, None))

    def post(self, draft: messages.Draft) -> "asyncio.Future[Message]":
        """The same for who waits. A future for each message of a flood is dearer than all else in the loop."""
        future: asyncio.Future[Message] = self._loop.create_future()
        self.take(draft, partial(settle, future))
        return future

    def run(self, action: Callable[[], Any]) -> "asyncio.Future[Any]":
        """Run any other writing action in the batch; the future has its result once it is on disk, or the error."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._submit(Job(partial(settle, future), None, action))
        return future

    async def close(self) -> None:
        """Finish what waits, then stop."""
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join, 30)

    def _submit(self, job: Job) -> None:
        if self._jobs.qsize() >= WAITING or self._ended:
            job.done(Unavailable("Too much is waiting to be stored."))
        else:
            self._jobs.put(job)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._ended = True

    def _work(self) -> None:
        last = False
        while not last:
            batch, last = self._next_batch()
            if batch:
                results = [result for part in _parts(batch) for result in self._commit(part)]
                self._loop.call_soon_threadsafe(_tell, batch, results)
                self._since_checkpoint += len(batch)
                if self._since_checkpoint >= CHECKPOINT_AFTER:
                    self._checkpoint()
        self._checkpoint()
        connections.close_all()

    def _next_batch(self) -> tuple[list[Job], bool]:
        batch: list[Job] = []
        following = self._first()
        while following is not None:
            batch.append(following)
            if len(batch) >= BATCH or self._jobs.empty():
                return batch, False
            following = self._jobs.get_nowait()
        return batch, True

    def _first(self) -> Job | None:
        """The next job; while there is none, what is left for idle moments."""
        while True:
            patience = None
            if self._since_checkpoint:
                patience = IDLE
            elif search.removed and connection.vendor == "sqlite":
                patience = max(IDLE, self._forget_at - time.monotonic())
            try:
                return self._jobs.get(timeout=patience)
            except queue.Empty:
                if self._since_checkpoint:
                    self._checkpoint()
                else:
                    self._forget_removed()

    def _commit(self, batch: Sequence[Job]) -> list[Any]:
        try:
            return _transact(batch)
        except Exception as problem:
            if len(batch) == 1:
                return [_named(problem)]
            # One of them cannot be stored: each gets a transaction of its own.
            return [self._commit([job])[0] for job in batch]

    def _checkpoint(self) -> None:
        # On SQLite this thread alone moves the log into the database: two at once is what its WAL bug needs.
        self._since_checkpoint = 0
        if connection.vendor != "sqlite" or connection.connection is None:
            return
        started = time.monotonic()
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except DatabaseError:
            logger.exception("The checkpoint failed; the next one will try again")
        if time.monotonic() - started > 1:
            logger.warning("A checkpoint took %.1f s: the disk is slow", time.monotonic() - started)

    def _forget_removed(self) -> None:
        """In small steps, none of which keeps a job waiting."""
        started = time.monotonic()
        if started < self._forget_at:
            return
        search.removed = False
        try:
            while search.forget_removed():
                if not self._jobs.empty():
                    search.removed = True
                    break
        except DatabaseError:
            logger.warning("The search index could not be rewritten; it is tried again later", exc_info=True)
            search.removed = True
            self._forget_at = started + FORGET_AGAIN
            return
        took = time.monotonic() - started
        self._forget_at = time.monotonic() + (IDLE if search.removed else max(FORGET_AGAIN, 50 * took))
        self._since_checkpoint += 1


def _parts(batch: Sequence[Job]) -> list[Sequence[Job]]:
    """What shares a transaction: with one writer, everything.

    On PostgreSQL other processes write too, and rows must be locked in one order, or two would wait for each other
    until one is thrown out. A run of drafts locks its rooms by id; other actions lock as they come, so each is alone.
    """
    if connection.vendor == "sqlite":
        return [batch]
    parts: list[list[Job]] = []
    for job in batch:
        if parts and job.draft is not None and parts[-1][-1].draft is not None:
            parts[-1].append(job)
        else:
            parts.append([job])
    return list(parts)


def _transact(batch: Sequence[Job]) -> list[Any]:
    """Run the whole batch in one transaction, in order; each job's result, or its refusal."""
    results: list[Any] = []
    with transaction.atomic():
        _promise_to_be_quick()
        start = 0
        while start < len(batch):
            end = start
            while end < len(batch) and batch[end].draft is not None:
                end += 1
            if end > start:
                drafts = [job.draft for job in batch[start:end] if job.draft is not None]
                results += messages.post_many(drafts, savepoint=False)
                start = end
                continue
            action = batch[start].action
            assert action is not None
            results.append(_attempt(action) if len(batch) > 1 else action())
            start += 1
    return results


def _promise_to_be_quick() -> None:
    # A process that is frozen or cut off within a transaction would keep its rooms locked for every other one.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{SILENT_SECONDS}s'")


def _attempt(action: Callable[[], Any]) -> Any:
    try:
        with transaction.atomic():
            return action()
    except KlatchError as refused:
        return refused


def _named(problem: Exception) -> KlatchError:
    if isinstance(problem, KlatchError):
        return problem
    if isinstance(problem, (OperationalError, InterfaceError)):
        connection.close()
        logger.warning("The database did not take a write: %s", problem)
        return Unavailable()
    logger.error("A write failed", exc_info=problem)
    return Internal()


def _tell(batch: Sequence[Job], results: Sequence[Any]) -> None:
    for job, result in zip(batch, results, strict=True):
        try:
            job.done(result)
        except Exception:
            # It is one person's; the others are told all the same.
            logger.exception("An answer could not be given")
