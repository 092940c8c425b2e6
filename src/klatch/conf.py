"""The one typed place for settings: ``settings.KLATCH`` of the project, with the defaults.

Reads Django's settings, never the environment. Each is documented in ``docs/reference/settings.md``.
"""

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed


@dataclass(frozen=True, slots=True)
class Conf:
    """Sizes are in bytes or characters as said, times in seconds, rates in events a second."""

    adapter: str = "klatch.adapter.Adapter"
    relay: str = "klatch.relay.memory.MemoryRelay"
    relay_url: str = ""  # for relays that connect to something of their own: redis://…
    origins: tuple[str, ...] = ()  # whose pages may open the socket; empty: those of the very address that was asked
    body_chars: int = 10_000
    frame_bytes: int = 65_536
    outbox_bytes: int = 1_048_576  # what may wait for one connection: from half of it on, no events
    sockets_per_user: int = 20
    sockets_per_minute: int = 120
    rooms_per_user: int = 2_000
    people_per_direct: int = 20
    hello_seconds: float = 10.0
    head_check_seconds: float = 2.0
    session_check_seconds: float = 15.0
    resume_events: int = 1_000  # missing events a room; beyond that a client is told to reset
    rate_limit: bool = True
    posts_per_second: float = 5.0
    posts_burst: int = 30
    requests_per_second: float = 30.0
    requests_burst: int = 120
    invite_days: int = 14
    extra: dict[str, Any] = field(default_factory=dict)  # for contrib apps


@lru_cache(maxsize=1)
def conf() -> Conf:
    """The settings of this process.

    Raises ``ImproperlyConfigured`` for a key that does not exist.
    """
    given = {key.lower(): value for key, value in getattr(settings, "KLATCH", {}).items()}
    unknown = set(given) - {f.name for f in fields(Conf)}
    if unknown:
        raise ImproperlyConfigured(f"KLATCH has unknown keys: {', '.join(sorted(unknown)).upper()}")
    if "origins" in given:
        given["origins"] = tuple(given["origins"])
    return Conf(**given)


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "KLATCH":
        conf.cache_clear()


setting_changed.connect(_forget, dispatch_uid="klatch.conf")
