"""Turns a configuration that cannot work, or would lose messages, into a sentence at start. Changes nothing."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string

RELAYS = "KLATCH = {'RELAY': 'klatch.relay.redis.RedisRelay', 'RELAY_URL': 'redis://…'}"


def register_all() -> None:
    register(check_settings, "klatch")
    register(check_database, "klatch")
    register(check_relay, "klatch")


def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    from klatch.conf import conf

    try:
        conf()
    except (ImproperlyConfigured, TypeError) as problem:
        return [Error(str(problem), hint="See docs/reference/settings.md.", id="klatch.E001")]
    return []


def check_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    connection = connections["default"]
    if connection.vendor not in ("sqlite", "postgresql"):
        return [Error("Klatch runs on SQLite and PostgreSQL.", id="klatch.E002")]
    if connection.vendor == "sqlite":
        options = connection.settings_dict.get("OPTIONS", {})
        if options.get("transaction_mode") != "IMMEDIATE":
            found.append(
                Warning(
                    "SQLite transactions start without the write lock: “database is locked” under load.",
                    hint='Add to DATABASES["default"]: "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, '
                    '"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"}',
                    id="klatch.W001",
                )
            )
        if "synchronous=full" not in options.get("init_command", "").lower().replace(" ", ""):
            found.append(
                Warning(
                    "SQLite may lose acknowledged messages in a power cut: synchronous is not FULL in WAL mode.",
                    hint='Add "PRAGMA synchronous=FULL" to "init_command".',
                    id="klatch.W002",
                )
            )
    return found


def check_relay(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    from klatch.conf import conf

    try:
        kind = import_string(conf().relay)
    except (ImproperlyConfigured, TypeError):
        return []  # said by check_settings
    except ImportError as problem:
        return [Error(f"KLATCH['RELAY'] cannot be imported: {problem}", hint=RELAYS, id="klatch.E003")]
    if kind.__module__ == "klatch.relay.redis" and not conf().relay_url:
        return [Error("KLATCH['RELAY'] needs an address.", hint=RELAYS, id="klatch.E004")]
    if kind.__module__ == "klatch.relay.postgres" and connections["default"].vendor != "postgresql":
        return [Error("KLATCH['RELAY'] speaks through PostgreSQL, but the database is another.", id="klatch.E005")]
    return _check_layer() if kind.__module__ == "klatch.relay.layer" else []


def _check_layer() -> list[CheckMessage]:
    backend = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {}).get("BACKEND", "")
    if not backend:
        return [Error("KLATCH['RELAY'] needs CHANNEL_LAYERS['default'].", hint=RELAYS, id="klatch.E006")]
    if backend.endswith("InMemoryChannelLayer"):
        return [
            Warning(
                "The in-memory channel layer reaches one process only.",
                hint="Leave out KLATCH['RELAY'] if there is one process; otherwise: " + RELAYS,
                id="klatch.W003",
            )
        ]
    if backend == "channels_redis.core.RedisChannelLayer":
        return [
            Warning(
                "This channel layer drops what is above its capacity (100 messages), and with redis-py 8 it loses its "
                "line in every silence of five seconds. Klatch repairs that from the log, seconds later.",
                hint="Use 'channels_redis.pubsub.RedisPubSubChannelLayer', or without Channels: " + RELAYS,
                id="klatch.W004",
            )
        ]
    return []
