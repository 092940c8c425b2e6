"""The control: a server without a product in it, to know what the load generator and the kernel can carry."""

import sys
from pathlib import Path

from bench.peers import Peer, Running, absent
from bench.peers.klatch_dialect import KlatchDialect
from bench.process import Process, accepts, free_port


class Ceiling(Peer):
    name = "ceiling"
    about = (
        "a server that only repeats bytes (Klatch's protocol, no product, stores nothing): the limit of this benchmark"
    )

    _members = 0

    def missing(self) -> str | None:
        return absent("uvloop")

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        self._folder, self._members = folder, members

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        command = [sys.executable, str(Path(__file__).with_name("ceiling_server.py")), str(port)]
        self._process = Process(command, log=self._folder / "log", cwd=self._folder, env={})
        ready = self._process.wait(lambda: accepts(port))
        dialect = KlatchDialect(port, rooms=[1], tokens=[""] * self._members)
        return Running(pids=[self._process.pid], ready_s=ready, dialect=dialect)
