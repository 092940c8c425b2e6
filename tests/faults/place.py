"""A whole installation that can be hurt: one process on SQLite, or two on PostgreSQL with Valkey between them."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import engines
from tests.server.process import Server, clean_environment


class FaultyServer(Server):
    """The same server, started through the module that can break it."""

    def start(self, seconds: float = 60) -> "FaultyServer":
        self.module = "tests.faults.server"
        super().start(seconds)
        return self


class Place:
    """``servers`` are its processes; ``tokens`` belong to its people, who are all in ``room``."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.data = folder / "data"
        self.environment = {"KLATCH_RATE_LIMIT": "off"}
        self.servers: list[Server] = []
        self.room = 0
        self.tokens: list[str] = []
        self.uri = ""
        if kind == "postgres":
            self.uri = _new_database()
            self.environment |= {
                "KLATCH_DATABASE_URL": self.uri,
                "KLATCH_RELAY_URL": engines.valkey().url,
                "KLATCH_SECRET_KEY": "the same for every process " * 3,
            }

    def start(
        self,
        *,
        people: int = 5,
        fault: str = "",
        faults: str = "",
        first: Callable[["Place"], dict[str, str]] = lambda _: {},
    ) -> "Place":
        """Start every process and make people; ``fault`` breaks the first process only, ``faults`` all of them.

        ``first`` gives an environment that is only the first process's.
        """
        count = 2 if self.kind == "postgres" else 1
        for number in range(count):
            self.add(faults or (fault if number == 0 else ""), **(first(self) if number == 0 else {}))
        if not people:
            return self
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.seed", str(self.data), str(people)],
            capture_output=True, text=True, check=False, env=clean_environment(**self.environment),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        self.room, self.tokens = made["room"], made["tokens"]
        return self

    def add(self, fault: str = "", **environment: str) -> Server:
        given = {**self.environment, **environment, **({"FAULT": fault} if fault else {})}
        server = FaultyServer(self.data, **given)
        self.servers.append(server)
        server.start()
        return server

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    def stop(self) -> None:
        for server in self.servers:
            if server.process is not None and server.process.poll() is None:
                server.process.send_signal(signal.SIGCONT)
                server.stop(signal.SIGKILL)
        shutil.rmtree(self.data, ignore_errors=True)

    def stored(self) -> dict[str, dict[str, Any]]:
        """Every message of the room as the database has it, by client id."""
        rows = self.ask("SELECT client_id, seq, position, id, body FROM klatch_message WHERE room_id = ?", self.room)
        keys = ("seq", "position", "id", "body")
        return {str(uuid.UUID(str(row[0]))): dict(zip(keys, row[1:], strict=True)) for row in rows}

    def ask(self, sql: str, *values: Any) -> list[Any]:
        """Straight from the database, behind the back of every process; a change is committed."""
        if self.kind == "sqlite":
            with closing(sqlite3.connect(f"{self.data}/klatch.sqlite3", timeout=20)) as line, line:
                # The server alone may move the log into the database.
                line.execute("PRAGMA wal_autocheckpoint=0")
                return line.execute(sql, values).fetchall()
        import psycopg

        with psycopg.connect(self.uri) as connection:
            cursor = connection.execute(sql.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []


def _new_database() -> str:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    name = f"faults_{uuid.uuid4().hex[:8]}"
    address = engines.postgres()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    parts = conninfo_to_dict(address)
    return f"postgresql://{parts['user']}@/{name}?host={parts['host']}"
