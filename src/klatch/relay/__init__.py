"""Carries envelopes to every process. The contract; knows no rooms, no users, reads no text.

A relay is a hint: it may lose, repeat and reorder. Whoever receives repairs that from the event log.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from klatch.conf import conf


class Envelope(NamedTuple):
    """One thing to carry.

    ``room`` and ``seq`` are 0 for what has no number. ``user`` is whom a member event is about, or who is spoken to.
    ``text`` is the encoded event, or None: then it is only news that this number exists.
    """

    kind: str
    room: int = 0
    seq: int = 0
    user: int = 0
    text: str | None = None


Receive = Callable[[Sequence[Envelope]], None]


class Relay(Protocol):
    """``publish`` may be called from any thread, never blocks and never raises for a lost line.

    Between ``start`` and ``stop`` every batch published in any process, this one included, is handed to ``receive``
    in the event loop at most a moment later, as a whole. ``resync`` is called in the loop whenever batches may have
    been lost.
    """

    def publish(self, envelopes: Sequence[Envelope]) -> None: ...

    async def start(self, receive: Receive, resync: Callable[[], None]) -> None: ...

    async def stop(self) -> None: ...


@lru_cache(maxsize=1)
def relay() -> Relay:
    """The relay of this process, as ``KLATCH["RELAY"]`` names it."""
    made: Relay = import_string(conf().relay)()
    return made


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "KLATCH":
        relay.cache_clear()


setting_changed.connect(_forget, dispatch_uid="klatch.relay")
