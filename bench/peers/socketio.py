"""Socket.IO, which many reach for: its own server on Node, and python-socketio on uvicorn. Both speak one protocol."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bench.dialect import EchoDialect, Session, Steps
from bench.peers import Peer, Running, absent, installed
from bench.process import HOST, Process, accepts, free_port

SITE = Path(__file__).parent / "socketio_site"
NODE = Path(__file__).parent / "node"


class SocketioDialect(EchoDialect):
    """Engine.IO 4 over WebSocket: 4 is a message, 2 a ping and 3 its answer; within, 0 connects and 2 is an event."""

    serial = re.compile(rb'^42\["message","m(\d{8}) ')
    marker = b'42["message",'
    beat = (b"2", b"3")

    def __init__(self, port: int, rooms: int, recovers: bool) -> None:
        self._port, self._rooms, self._recovers = port, rooms, recovers

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "/socket.io/?EIO=4&transport=websocket", {}

    def steps(self, member: int) -> Steps:
        join = "42" + json.dumps(["join", f"bench{member % self._rooms}"])
        return [(b"40", b'40{"sid"'), (join.encode(), b'42["joined"')]

    def session(self, member: int) -> Session:
        return RecoveringSession(self, member) if self._recovers else Session(self, member)

    def post(self, serial: int, body: str, room: int) -> bytes:
        return b"42" + json.dumps(["message", body]).encode()


class RecoveringSession(Session):
    """Connection state recovery, as Socket.IO's client does it: the private id and the offset of the last packet."""

    _private, _offset = "", ""
    _sid = re.compile(rb'^40\{.*"pid":"([^"]+)"')
    _last = re.compile(rb'^42\[.*,"([^"]+)"\]$')

    def steps(self) -> Steps:
        if not self._offset:
            return super().steps()
        state = json.dumps({"pid": self._private, "offset": self._offset})
        # Whether it was recovered or not, the client joins again: that is what its program does at each connect.
        return [(f"40{state}".encode(), b'40{"sid"'), super().steps()[1]]

    def heard(self, payload: bytes) -> list[int]:
        if found := self._sid.match(payload):
            self._private = found[1].decode()
        elif self._dialect.marker in payload and (found := self._last.match(payload)):
            self._offset = found[1].decode()
        return super().heard(payload)


class Socketio(Peer):
    _place = NODE

    def __init__(self, name: str, about: str, recovers: bool = False) -> None:
        self.name, self.about = name, about
        self._recovers, self._rooms = recovers, 1

    def missing(self) -> str | None:
        return missing_on_node("socket.io")

    def versions(self) -> str:
        return on_node("socket.io")

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        self._folder, self._rooms = folder, rooms

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        self._process = Process(self._command(port), log=self._folder / "log", cwd=self._place, env={})
        ready = self._process.wait(lambda: accepts(port))
        dialect = SocketioDialect(port, self._rooms, self._recovers)
        return Running(pids=[self._process.pid], ready_s=ready, dialect=dialect)

    def _command(self, port: int) -> list[str]:
        return ["node", "socketio_server.js", str(port), "recover" if self._recovers else ""]


class PythonSocketio(Socketio):
    _place = SITE

    def missing(self) -> str | None:
        return absent("socketio", "uvicorn")

    def versions(self) -> str:
        return installed("python-socketio", "uvicorn")

    def _command(self, port: int) -> list[str]:
        options = ["--host", HOST, "--port", str(port), "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", *options, "site_app:app"]


def on_node(package: str) -> str:
    """Its version and Node's, in words."""
    node = subprocess.run(["node", "--version"], check=False, capture_output=True, text=True).stdout.strip()
    said = json.loads((NODE / "node_modules" / package / "package.json").read_text())
    return f"{package} {said['version']}, Node {node}"


def missing_on_node(package: str) -> str | None:
    if shutil.which("node") is None:
        return "Node"
    return None if (NODE / "node_modules" / package).exists() else f"{package} (npm install in bench/peers/node)"


STACKS = [
    PythonSocketio("python-socketio", "python-socketio on uvicorn, one process; stores nothing"),
    Socketio("socketio", "Socket.IO on Node, one process; stores nothing"),
    Socketio("socketio-recovery", "the same with connection state recovery, in memory", recovers=True),
]
