"""Looking into the database of a running server on SQLite, and running code on its folder beside it."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

from tests.server.process import Server, clean_environment


def rows(server: Server, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.data / "klatch.sqlite3", timeout=20)) as database:
        found = database.execute(query, values).fetchall()
        database.commit()
    return found


def run_beside(server: Server, code: str) -> str:
    """What the code prints, with Django set up on this server's folder."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        env={
            **clean_environment(KLATCH_DATA=str(server.data), **server.environment),
            "DJANGO_SETTINGS_MODULE": "klatch.server.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
