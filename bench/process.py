"""Starts a server, waits until it answers, stops it. Knows no peer."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import machine

HOST = "127.0.0.1"
PATIENCE = 120.0
# What is installed is compiled once. An environment that forbids it (PYTHONDONTWRITEBYTECODE) would have every start
# compile all of it again, which takes longer than the start.
COMPILED = {"PYTHONPYCACHEPREFIX": str(Path(__file__).parent / "data" / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}


class Process:
    """One server process on the server's core."""

    def __init__(self, command: list[str], *, log: Path, cwd: Path, env: Mapping[str, str]) -> None:
        self._log = log
        self._started = time.perf_counter()
        with log.open("ab") as output, machine.pinned(machine.SERVER_CORE):
            self._popen = subprocess.Popen(
                command, cwd=cwd, env={**os.environ, **COMPILED, **env}, stdout=output, stderr=subprocess.STDOUT
            )
        self.pid = self._popen.pid

    def wait(self, answers: Callable[[], bool]) -> float:
        """Seconds from the start until the server answers."""
        while not answers():
            if self._popen.poll() is not None or time.perf_counter() - self._started > PATIENCE:
                self.stop()
                raise RuntimeError(f"the server did not come up; the end of its log:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.005)
        return time.perf_counter() - self._started

    def stop(self) -> None:
        self._popen.terminate()
        try:
            self._popen.wait(20)  # thousands of clients are told to come back
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def says_ok(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
