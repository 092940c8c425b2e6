"""The bare `ws` package on Node: the least that a chat server in JavaScript can be."""

import re
from pathlib import Path

from bench.dialect import EchoDialect
from bench.peers import Peer, Running
from bench.peers.socketio import NODE, missing_on_node, on_node
from bench.process import HOST, Process, accepts, free_port


class WsDialect(EchoDialect):
    """The text itself, both ways; the room is in the address."""

    serial = re.compile(rb"^m(\d{8}) ")
    marker = b" did you see "

    def __init__(self, port: int, rooms: int) -> None:
        self._port, self._rooms = port, rooms

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, f"/bench{member % self._rooms}", {}

    def post(self, serial: int, body: str, room: int) -> bytes:
        return body.encode()


class Ws(Peer):
    name = "ws"
    about = "the bare `ws` package on Node, one process; no protocol, no accounts, stores nothing"
    _rooms = 1

    def missing(self) -> str | None:
        return missing_on_node("ws")

    def versions(self) -> str:
        return on_node("ws")

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        self._folder, self._rooms = folder, rooms

    def start(self, port: int | None = None) -> Running:
        port = port or free_port()
        self._process = Process(["node", "ws_server.js", str(port)], log=self._folder / "log", cwd=NODE, env={})
        ready = self._process.wait(lambda: accepts(port))
        return Running(pids=[self._process.pid], ready_s=ready, dialect=WsDialect(port, self._rooms))
