"""The command `klatch` as a process: servers in folders of their own on free ports, and other commands beside them."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import IO

from tests.server.browsing import Browser

PASSWORD = "correct horse battery"


class Server:
    """One `klatch serve`. ``start`` returns when it says that it is ready, or when it has given up."""

    def __init__(
        self,
        data: Path,
        *options: str,
        python: Path | str = sys.executable,
        cwd: Path | None = None,
        **environment: str,
    ) -> None:
        self.data = data
        self.module = "klatch"
        self.python, self.cwd = python, cwd
        self.options = options
        self.environment = environment
        self.port = 0
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float = 60) -> "Server":
        if self._reader is not None:
            # What the last one leaves behind on its line must not be taken for this one's end.
            self._reader.join(seconds)
        self.lines, self._silent, self._news = [], False, threading.Condition()
        command = [str(self.python), "-m", self.module, "serve", "--port", str(self.port), "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.cwd,
            env=clean_environment(**self.environment),
        )
        self._reader = threading.Thread(target=self._read, args=[self.process.stdout], daemon=True)
        self._reader.start()
        try:
            self.port = int(self.said("Klatch is ready: ", seconds).rsplit(":", 1)[1].rstrip(")"))
        except AssertionError:
            self.stop(signal.SIGKILL)
            raise
        return self

    def _read(self, output: IO[str]) -> None:
        """To its end: what it says later must not fill the pipe and stop it."""
        with output:
            for line in output:
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._silent = True
            self._news.notify_all()

    def said(self, text: str, seconds: float = 10) -> str:
        """The first line with this text; waits for it as long as the server lives."""
        with self._news:
            self._news.wait_for(lambda: self._silent or any(text in line for line in self.lines), seconds)
            for line in self.lines:
                if text in line:
                    return line
        raise AssertionError(f"It did not say {text!r}:\n" + "\n".join(self.lines))

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
            if self._reader is not None:
                self._reader.join(timeout=5)
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


def prepared(data: Path) -> Path:
    """The folder, with what a first start takes long to make: tables and static files. Nobody has set it up."""
    secrets = shutil.ignore_patterns("secret-key", "setup-code", "lock")
    return shutil.copytree(_after_a_first_start(), data, dirs_exist_ok=True, ignore=secrets)


@cache
def _after_a_first_start() -> Path:
    data = Path(tempfile.mkdtemp(prefix="klatch-first-"))
    atexit.register(shutil.rmtree, data)
    Server(data).start().stop()
    return data


def clean_environment(**more: str) -> dict[str, str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("KLATCH_", "DJANGO_", "PYTHONPATH"))}
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
