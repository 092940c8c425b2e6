"""Turns a configuration that cannot work, or would lose messages, into a sentence at start. Changes nothing."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections


def register_all() -> None:
    register(check_settings, "klatch")
    register(check_database, "klatch")


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
