"""`klatch doctor` on places that are well and on places that are not."""

import sqlite3
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.server.database import rows
from tests.server.process import Server, klatch

Serve = Callable[..., Server]


class Other(BaseHTTPRequestHandler):
    """Some other web server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, *args: object) -> None:
        pass


def wrong(lines: str) -> list[str]:
    return [line for line in lines.splitlines() if line.startswith("✗")]


def test_a_running_server_is_well(serve: Serve) -> None:
    server = serve()
    done = server.klatch("doctor", "--port", str(server.port))
    assert (done.returncode, wrong(done.stdout)) == (0, []), done.stdout
    assert f"✓ Klatch is answering on port {server.port}." in done.stdout
    assert "WAL, synchronous FULL" in done.stdout
    assert "quick_check" in done.stdout
    assert "All is well." in done.stdout


def test_a_stopped_server_is_well_and_its_port_is_free(serve: Serve) -> None:
    server = serve()
    server.stop()
    done = server.klatch("doctor", "--port", str(server.port))
    assert done.returncode == 0
    assert f"✓ Port {server.port} is free." in done.stdout


def test_a_missing_folder_is_wrong_and_is_not_made(tmp_path: Path) -> None:
    done = klatch("doctor", "--data", str(tmp_path / "none"), "--port", "1")
    assert done.returncode == 1
    assert "✗ There is no data folder" in done.stdout
    assert not (tmp_path / "none").exists()


def test_a_port_held_by_something_else_is_wrong(serve: Serve) -> None:
    server = serve()
    with HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        done = server.klatch("doctor", "--port", str(other.server_port))
        other.shutdown()
    assert done.returncode == 1
    assert len(wrong(done.stdout)) == 1
    assert "not Klatch holds port" in done.stdout


def test_a_damaged_database_is_wrong(serve: Serve) -> None:
    server = serve()
    server.set_up()
    server.stop()
    file = server.data / "klatch.sqlite3"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    pages = bytearray(file.read_bytes())
    for start in range(8192, len(pages), 8192):
        pages[start : start + 100] = b"\xff" * 100
    file.write_bytes(pages)
    done = server.klatch("doctor", "--port", "1")
    assert done.returncode == 1
    assert "restore your last backup" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_newer_database_and_an_open_key_are_wrong(serve: Serve) -> None:
    server = serve()
    server.stop()
    rows(server, "INSERT INTO django_migrations (app, name, applied) VALUES ('klatch', '9999_later', '2030-01-01')")
    done = server.klatch("doctor", "--port", "1")
    assert "newer than this Klatch" in done.stdout
    (server.data / "secret-key").chmod(0o644)
    assert "chmod 600" in server.klatch("doctor", "--port", "1").stdout


def test_what_is_risky_is_noted_without_being_wrong(serve: Serve) -> None:
    server = serve()
    done = klatch(
        "doctor", "--data", str(server.data), "--port", str(server.port),
        KLATCH_RATE_LIMIT="off", KLATCH_DEBUG="on", KLATCH_URL="http://chat.example.org", KLATCH_ODD="1",
    )  # fmt: skip
    assert done.returncode == 0
    for said in ("KLATCH_RATE_LIMIT is off", "KLATCH_DEBUG is on", "is not encrypted", "KLATCH_ODD is set"):
        assert any(line.startswith("!") and said in line for line in done.stdout.splitlines()), done.stdout
