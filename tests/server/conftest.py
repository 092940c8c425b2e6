"""Real servers for tests: `klatch serve` in a folder of its own, on a free port."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.browsing import Browser

PASSWORD = "correct horse battery"


class Server:
    """One `klatch serve`. ``start`` returns when it says that it is ready, or when it has given up."""

    def __init__(self, data: Path, *options: str, **environment: str) -> None:
        self.data = data
        self.options = options
        self.environment = environment
        self.port = 0
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float = 60) -> "Server":
        self.lines = []
        command = [sys.executable, "-m", "klatch", "serve", "--port", str(self.port), "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=clean_environment(**self.environment),
        )
        # A server that hangs before it is ready is a failure, not a hanging test.
        watch = threading.Timer(seconds, self.process.kill)
        watch.start()
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Klatch is ready: "):
                break
        else:
            self.process.wait()
        watch.cancel()
        if self.process.poll() is not None:
            raise AssertionError("The server did not start:\n" + "\n".join(self.lines))
        self.port = self.port or int(self.lines[-1].rsplit(":", 1)[1])
        # Whatever it says later must not fill the pipe and stop it.
        self._reader = threading.Thread(target=self._read_on, daemon=True)
        self._reader.start()
        return self

    def _read_on(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._reader.join(timeout=5)
            assert self.process.stdout is not None
            self.process.stdout.close()
        return code

    def restart(self, sign: int = signal.SIGTERM) -> "Server":
        self.stop(sign)
        return self.start()

    def browser(self, host: str = "") -> Browser:
        return Browser(self.url, host)

    def set_up(self, **fields: str) -> Browser:
        """Make the owner Rosa; returns her browser."""
        rosa = self.browser()
        given = {
            "place": "Tea House",
            "name": "Rosa Lindqvist",
            "email": "rosa@example.org",
            "password": PASSWORD,
            "signup": "invite",
        }
        page = rosa.post("/setup/", **{**given, **fields})
        assert page.status == 302, page.text
        return rosa

    def klatch(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Another command on the same folder."""
        return klatch(*arguments, "--data", str(self.data), stdin=stdin)


def clean_environment(**more: str) -> dict[str, str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("KLATCH_", "DJANGO_"))}
    return {**ours, "PYTHONUNBUFFERED": "1", **more}


def klatch(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "klatch", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(**environment),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has set up yet, one for each test module. Nobody's log-ins are counted here."""
    running = Server(tmp_path_factory.mktemp("klatch"), KLATCH_RATE_LIMIT="off").start()
    yield running
    running.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers of one's own: ``serve("--host", "0.0.0.0", KLATCH_DEBUG="on")``."""
    started: list[Server] = []

    def make(*options: str, data: Path | None = None, **environment: str) -> Server:
        made = Server(data or tmp_path / "data", *options, **environment)
        started.append(made.start())
        return made

    yield make
    for one in started:
        if one.process is not None and one.process.poll() is None:
            one.stop()
