"""What is measured: each peer in a file of its own, all behind one contract."""

import importlib
import importlib.metadata
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.dialect import Dialect
from bench.process import Process


@dataclass
class Running:
    """A peer's server that answers. Every process that it needs is in pids."""

    pids: list[int]
    ready_s: float
    dialect: Dialect


class Peer(ABC):
    """One server. prepare() once, then start() and stop() for every round; verify() after a stop."""

    name: str
    about: str  # one line for the report
    keeps: bool = False  # whether messages are stored
    preparing = 0.0  # seconds for its data, about
    _process: Process | None = None
    _folder: Path

    @abstractmethod
    def missing(self) -> str | None:
        """What has to be installed before this peer can run. None: nothing."""

    def versions(self) -> str:
        """Of what it is made of, for the report."""
        return ""

    def prepare(self, folder: Path, members: int, rooms: int = 1) -> None:
        """Make its data, in a folder of its own. Member number n is in room n % rooms."""
        self._folder = folder

    @abstractmethod
    def start(self, port: int | None = None) -> Running:
        """Where it is not said, any free port."""

    def stop(self) -> None:
        """End every process. May be called twice, and before start()."""
        if self._process is not None:
            self._process.stop()
        self._process = None

    def verify(self, receipts: dict[int, Any]) -> int:
        """How many acknowledged posts are not stored exactly as they were sent."""
        raise NotImplementedError(f"{self.name} stores nothing")

    def stored(self, receipts: dict[int, Any]) -> dict[str, int]:
        """What a round says of its acknowledged posts, where they are kept."""
        return {"verified": len(receipts), "not_stored": self.verify(receipts)} if self.keeps else {}


def absent(*modules: str) -> str | None:
    """The first module that cannot be imported."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            return module
    return None


def installed(*packages: str) -> str:
    """The versions of these Python packages, in words."""
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)


def packaged(name: str) -> str:
    """The version of a package of Debian, in words."""
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", name], check=False, capture_output=True, text=True)
    return f"{name} {asked.stdout or 'of unknown version'}"


def all_peers() -> dict[str, Peer]:
    from bench.peers import socketio, tutorial
    from bench.peers.ceiling import Ceiling
    from bench.peers.ejabberd import Ejabberd
    from bench.peers.klatch import Klatch
    from bench.peers.ngircd import Ngircd
    from bench.peers.ws import Ws

    peers: list[Peer] = [Klatch(), *tutorial.STACKS, *socketio.STACKS, Ws(), Ejabberd(), Ngircd(), Ceiling()]
    return {peer.name: peer for peer in peers}
