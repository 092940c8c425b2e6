"""Klatch itself: `klatch serve` with SQLite, as it comes, but for the rate limit."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.dialect import text
from bench.peers import Peer, Running, absent, installed
from bench.peers.klatch_dialect import KlatchDialect
from bench.process import HOST, Process, free_port, says_ok

ROOT = Path(__file__).parents[2]


class Klatch(Peer):
    name = "klatch"
    about = (
        "`klatch serve`, SQLite: token, membership, rules, rendering, event log, search index, fsync before the answer"
    )
    keeps = True
    options: tuple[str, ...] = ()  # of `klatch serve`
    preparing = 10.0

    def __init__(self) -> None:
        self._filled: dict[str, Any] = {}
        self._made: dict[tuple[int, int], tuple[Path, dict[str, Any]]] = {}

    def missing(self) -> str | None:
        return absent("klatch", "klatch.server.cli")

    def versions(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}, " + installed("django", "uvicorn", "uvloop", "pydantic")

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        made = self._made.get((members, rooms))
        if made is not None and made[0].exists():
            self._folder, self._filled = made  # an earlier scenario's: to make ten thousand members takes a while
            return
        self._folder = folder
        command = [sys.executable, "-m", "bench.peers.klatch_setup", str(members), str(rooms)]
        environment = {**os.environ, **self._environment()}
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the rooms could not be made:\n{done.stderr[-2000:]}")
        self._filled = json.loads(done.stdout.splitlines()[-1])
        self._made[members, rooms] = folder, self._filled
        # The first start gathers static files, which belongs to no measurement.
        self.start()
        self.stop()

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        command = [sys.executable, "-m", "klatch", "serve"]
        options = ["--host", HOST, "--port", str(port), "--data", str(self._data), *self.options]
        self._process = Process(
            [*command, *options], log=self._folder / "log", cwd=self._folder, env=self._environment()
        )
        ready = self._process.wait(lambda: says_ok(port, "/readyz"))
        dialect = KlatchDialect(port, self._filled["rooms"], self._filled["tokens"])
        return Running(pids=[self._process.pid], ready_s=ready, dialect=dialect)

    def verify(self, receipts: dict[int, Any]) -> int:
        """Read by SQLite alone, so that none of Klatch's own code vouches for itself."""
        first = min(receipts.values(), default=0)
        with closing(sqlite3.connect(self._data / "klatch.sqlite3")) as database:
            stored = dict(database.execute("SELECT id, body FROM klatch_message WHERE id >= ?", (first,)))
        return sum(stored.get(receipt) != text(serial) for serial, receipt in receipts.items())

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _environment(self) -> dict[str, str]:
        return {"KLATCH_DATA": str(self._data), "KLATCH_RATE_LIMIT": "off"}
