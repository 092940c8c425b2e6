"""Where several processes count failed log-ins together: in Valkey, as JSON; while it is away, each by itself.

Nothing that comes from there is ever more than data.
"""

import logging
from collections.abc import Callable
from typing import Any

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from pydantic import TypeAdapter
from pydantic_core import to_json

logger = logging.getLogger("klatch.server")

COUNTED: TypeAdapter[list[float] | bool | int] = TypeAdapter(list[float] | bool | int)


class Json:
    """Threat: Django's own serializer is pickle, and who writes to Valkey would run code in every process."""

    def dumps(self, value: Any) -> bytes:
        return to_json(value)

    def loads(self, data: bytes) -> Any:
        return COUNTED.validate_json(data, strict=True)


class Counting(RedisCache):
    """The four methods that are used; what cannot be read counts as not there."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"serializer": Json, "socket_connect_timeout": 1, "socket_timeout": 1, **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        self._here = LocMemCache("klatch-counting", {})
        self._away = False

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return self._there(super().get, self._here.get, key, default, version)
        except ValueError:
            logger.warning("Something that Klatch did not write lies in Valkey under its keys; it is not read")
            return default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._there(super().set, self._here.set, key, value, timeout, version)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._there(super().add, self._here.add, key, value, timeout, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._there(super().delete, self._here.delete, key, version))

    def _there(self, there: Callable[..., Any], here: Callable[..., Any], *args: Any) -> Any:
        try:
            result = there(*args)
        except redis.RedisError as problem:
            if not self._away:
                logger.warning("Valkey is away: each process counts failed log-ins by itself: %s", problem)
            self._away = True
            return here(*args)
        self._away = False
        return result
