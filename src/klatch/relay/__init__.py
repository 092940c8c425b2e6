"""Carries envelopes to every process. The contract; knows no rooms, no users, reads no text.

A relay is a hint: it may lose, repeat and reorder. Whoever receives repairs that from the event log.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from django.core.signals import setting_changed
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string
from pydantic import TypeAdapter
from pydantic_core import to_json

from klatch.conf import conf
from klatch.protocol import Number


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
    been lost. ``alone``: no other process can hear it, so nothing needs to be said for others' sake.
    """

    alone: bool

    def publish(self, envelopes: Sequence[Envelope]) -> None: ...

    async def start(self, receive: Receive, resync: Callable[[], None]) -> None: ...

    async def stop(self) -> None: ...


def pack(sender: str, envelopes: Sequence[Envelope]) -> bytes:
    """A batch as bytes: JSON, so that what comes over a network is data and nothing else."""
    return to_json([sender, envelopes])


_BATCH = TypeAdapter(tuple[str, list[tuple[str, Number, Number, Number, str | None]]])


def unpack(payload: bytes | str) -> tuple[str, list[Envelope]]:
    """The sender and the batch. Raises ``ValueError`` for bytes that no relay of ours made."""
    sender, rows = _BATCH.validate_json(payload, strict=True)
    return sender, list(map(Envelope._make, rows))


def channel() -> str:
    """The name that the processes of one place share, by their secret key.

    Threat: a broker knows no databases when it passes messages on. A second place on it would take our rooms for its
    own of the same number.
    """
    return f"klatch.{salted_hmac('klatch.relay', 'channel', algorithm='sha256').hexdigest()[:20]}"


@lru_cache(maxsize=1)
def relay() -> Relay:
    """The relay of this process, as ``KLATCH["RELAY"]`` names it."""
    made: Relay = import_string(conf().relay)()
    return made


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "KLATCH":
        relay.cache_clear()


setting_changed.connect(_forget, dispatch_uid="klatch.relay")
