"""Notices that a second process serves the same database while the relay reaches only one. Warns; refuses nothing."""

import logging
import os
from pathlib import Path

from django.db import connection

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("klatch.node")

LOCK = 0x6B6C6174  # of PostgreSQL's advisory locks; any number that others do not use

_held: dict[Path, int] = {}  # for the life of the process


def warn_of_others() -> None:
    """Take the place's lock; where another process has it, say what to change. On the thread that keeps its line."""
    if _taken():
        logger.warning(
            "Another process serves this database, and the relay of KLATCH['RELAY'] reaches one process only: what "
            "is said there comes here late, who is there not at all. Run one process, or name a relay between them: "
            "KLATCH = {'RELAY': 'klatch.relay.redis.RedisRelay', 'RELAY_URL': 'redis://…'}%s",
            "" if connection.vendor == "postgresql" else "; several processes also need PostgreSQL instead of SQLite.",
        )


def _taken() -> bool:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            return not cursor.fetchone()[0]
    folder = Path(connection.settings_dict["NAME"]).parent
    if fcntl is None or not folder.is_absolute() or folder in _held:
        return False
    # The folder, not the file: closing a second handle of the database would drop SQLite's own locks.
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return True
    _held[folder] = handle
    return False
