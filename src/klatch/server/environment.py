"""The environment of the server, read and checked: the only place that looks at ``KLATCH_…`` variables.

Knows no Django. Documented in ``docs/reference/settings.md``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

LANGUAGES = ("en", "ja", "zh-hant", "ko", "ru")
KNOWN = frozenset(
    "KLATCH_" + name
    for name in (
        "DATA", "SECRET_KEY", "URL", "DATABASE_URL", "RELAY_URL", "EMAIL_URL", "EMAIL_FROM", "RATE_LIMIT",
        "TRUSTED_PROXIES", "DEBUG", "LANGUAGE", "TIME_ZONE",
    )
)  # fmt: skip


class SettingError(Exception):
    """A value that cannot be read, in one sentence for the person who set it."""


@dataclass(frozen=True, slots=True)
class Environment:
    data: Path
    secret_key: str = ""
    origins: tuple[str, ...] = ()  # scheme://host[:port], as a browser writes them
    database: dict[str, Any] = field(default_factory=dict)  # empty: SQLite in the data folder
    relay_url: str = ""  # Valkey or Redis between several servers; empty: the database itself, or no need
    mailer: dict[str, Any] = field(default_factory=dict)  # empty: no e-mail leaves this server
    mail_from: str = ""
    rate_limit: bool = True
    trusted_proxies: tuple[str, ...] = ()
    debug: bool = False
    language: str = "en"
    time_zone: str = "UTC"

    @property
    def https(self) -> bool:
        """Whether every public address is encrypted, so that cookies may insist on it."""
        return bool(self.origins) and all(origin.startswith("https://") for origin in self.origins)

    @property
    def open_relay(self) -> str:
        """What is wrong with a Valkey beyond this machine that asks for no password; empty where there is none.

        A name without a dot is one of a container network, which is closed.
        """
        url = urlsplit(self.relay_url)
        host = url.hostname or ""
        if url.password or host in ("localhost", "127.0.0.1", "::1") or not set(host) & set(".:"):
            return ""
        return (
            f"KLATCH_RELAY_URL has no password: whoever reaches {host} can read along. "
            "Give Valkey one (requirepass) and write redis://:password@host."
        )

    @property
    def hosts(self) -> list[str]:
        """The names this server answers to. A doctor on the machine itself is always heard."""
        if not self.origins:
            return ["*"]
        named = [urlsplit(origin).hostname or "" for origin in self.origins]
        return [f"[{name}]" if ":" in name else name for name in named] + ["localhost", "127.0.0.1", "[::1]"]


def read(variables: Mapping[str, str]) -> Environment:
    """Raises ``SettingError`` for the first value that cannot be read."""
    given = {key: value.strip() for key, value in variables.items() if key in KNOWN}

    def text(name: str, default: str = "") -> str:
        return given.get("KLATCH_" + name) or default

    return Environment(
        data=Path(text("DATA", "data")).expanduser().absolute(),
        secret_key=_secret_key(text("SECRET_KEY")),
        origins=tuple(_origin(part) for part in _parts(text("URL"))),
        database=_database(text("DATABASE_URL")),
        relay_url=_relay(text("RELAY_URL"), database=text("DATABASE_URL")),
        mailer=_mailer(text("EMAIL_URL"), origins=text("URL")),
        mail_from=text("EMAIL_FROM"),
        rate_limit=_switch("RATE_LIMIT", text("RATE_LIMIT", "on")),
        trusted_proxies=tuple(_parts(text("TRUSTED_PROXIES"))),
        debug=_switch("DEBUG", text("DEBUG", "off")),
        language=_language(text("LANGUAGE", "en")),
        time_zone=_time_zone(text("TIME_ZONE", "UTC")),
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """This process's environment. Read once."""
    return read(os.environ)


def unknown_names() -> list[str]:
    """Variables that look like settings and are none: told, not refused (Kubernetes makes some for a service)."""
    return sorted(key for key in os.environ if key.startswith("KLATCH_") and key not in KNOWN)


def use_folder(folder: str) -> None:
    """What ``--data`` says goes before ``KLATCH_DATA``; for this process and its children."""
    os.environ["KLATCH_DATA"] = folder
    environment.cache_clear()


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _switch(name: str, value: str) -> bool:
    if value.lower() in ("1", "on", "yes", "true"):
        return True
    if value.lower() in ("0", "off", "no", "false"):
        return False
    raise SettingError(f"KLATCH_{name} is “{value}”; it must be on or off.")


def _secret_key(value: str) -> str:
    if value and len(value) < 32:
        raise SettingError("KLATCH_SECRET_KEY is too short: use at least 32 random characters, or leave it out.")
    return value


def _url(name: str, value: str, example: str) -> SplitResult:
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        url = urlsplit("")
    if not url.scheme:
        raise SettingError(f"KLATCH_{name} cannot be read as an address; write it like {example}.")
    return url


def _origin(value: str) -> str:
    url = _url("URL", value, "https://chat.example.org")
    if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/") or url.query:
        raise SettingError(f"KLATCH_URL has “{value}”; write scheme and host only, like https://chat.example.org.")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port not in (None, usual) else "")


def _database(value: str) -> dict[str, Any]:
    if not value:
        return {}
    url = _url("DATABASE_URL", value, "postgres://user:password@host:5432/klatch")
    if url.scheme not in ("postgres", "postgresql") or not url.path.strip("/"):
        # The address itself is not repeated: it may hold a password.
        raise SettingError(
            "KLATCH_DATABASE_URL must look like postgres://user:password@host:5432/klatch; leave it out for SQLite."
        )
    if find_spec("psycopg") is None:
        raise SettingError(
            "KLATCH_DATABASE_URL names PostgreSQL, but its driver is not installed: pip install 'klatch[postgres]'."
        )
    options: dict[str, Any] = {**PATIENCE, "prepare_threshold": "5", **dict(parse_qsl(url.query))}
    kept_from = options["prepare_threshold"]
    if kept_from != "none" and not (kept_from.isascii() and kept_from.isdecimal()):
        raise SettingError("prepare_threshold in KLATCH_DATABASE_URL must be a number, or none.")
    options["prepare_threshold"] = None if kept_from == "none" else int(kept_from)
    if find_spec("psycopg_pool") is not None:
        options["pool"] = {"min_size": 1, "max_size": 20, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or ""),
        "PORT": str(url.port or ""),
        "OPTIONS": options,
    }


def _relay(value: str, database: str) -> str:
    if not value:
        return ""
    url = _url("RELAY_URL", value, "redis://127.0.0.1:6379/0")
    if url.scheme not in ("redis", "rediss", "unix"):
        raise SettingError("KLATCH_RELAY_URL must look like redis://127.0.0.1:6379/0 (Valkey too) or rediss://….")
    if not database:
        raise SettingError("KLATCH_RELAY_URL is for several servers on one PostgreSQL: set KLATCH_DATABASE_URL too.")
    if find_spec("redis") is None:
        raise SettingError(
            "KLATCH_RELAY_URL names Valkey, but its client is not installed: pip install 'klatch[redis]'."
        )
    return value


def _mailer(value: str, origins: str) -> dict[str, Any]:
    if not value:
        return {}
    if not origins:
        # Threat: without it the link in a mail would be what the asking browser claims this server is called.
        raise SettingError("KLATCH_EMAIL_URL needs KLATCH_URL beside it: mails carry links to this place.")
    url = _url("EMAIL_URL", value, "smtp://user:password@mail.example.org:587")
    if url.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if url.scheme not in ("smtp", "smtps") or not url.hostname:
        raise SettingError(
            "KLATCH_EMAIL_URL must look like smtp://user:password@mail.example.org:587 (STARTTLS) or smtps://…:465."
        )
    encrypted = url.scheme == "smtps"
    local = url.hostname in ("localhost", "127.0.0.1", "::1")
    options = {
        "host": url.hostname,
        "port": url.port or (465 if encrypted else 587),
        "username": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "use_ssl": encrypted,
        "use_tls": not encrypted and not local,
        "timeout": 20,
    }
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}


def _language(value: str) -> str:
    if value.lower() not in LANGUAGES:
        raise SettingError(f"KLATCH_LANGUAGE is “{value}”; there are {', '.join(LANGUAGES)}.")
    return value.lower()


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as problem:
        raise SettingError(f"KLATCH_TIME_ZONE is “{value}”; write it like Europe/Stockholm.") from problem
    return value


# A line to PostgreSQL that died without a word is noticed by the kernel after some 15 seconds, not after hours.
PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}
ON_NETWORK = "_KLATCH_ON_NETWORK"  # from `klatch serve` to its own workers; nobody sets it by hand


def hand_down(addresses: list[str]) -> None:
    os.environ[ON_NETWORK] = " ".join(addresses)


def handed_down() -> list[str]:
    """The addresses on the network that the process above found."""
    return os.environ.get(ON_NETWORK, "").split()


def use(name: str, value: str | None) -> None:
    """An option of the command line stands for its variable, for this process and its workers."""
    if value is not None:
        os.environ[f"KLATCH_{name}"] = value
        environment.cache_clear()
