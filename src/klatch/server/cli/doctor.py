"""`klatch doctor`: looks, says what is wrong and how to mend it. Changes nothing but a file it removes again."""

import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from klatch.server.cli import start
from klatch.server.cli.problems import Problem
from klatch.server.environment import Environment, unknown_names

GOOD, NOTE, BAD = "✓", "!", "✗"
Finding = tuple[str, str]  # a mark and a sentence, with the fix in it

# Before these a crash while the log is being restarted could damage a database (sqlite.org/wal.html, “WAL-reset bug”).
WAL_RESET_MENDED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


def run(host: str, port: int, data: Path | None) -> None:
    env = start.read(data)
    findings: list[Finding] = []

    def look(check: Callable[[], Iterator[Finding]]) -> None:
        for mark, sentence in check():
            findings.append((mark, sentence))
            click.echo(f"{mark} {sentence}")

    look(lambda: _settings(env))
    look(lambda: _folder(env.data))
    if not any(mark == BAD for mark, _ in findings):
        look(lambda: _database(env))
    look(lambda: _clock(env.data))
    look(lambda: _port(host, port))
    wrong = sum(mark == BAD for mark, _ in findings)
    click.echo("All is well." if not wrong else f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong.")
    sys.exit(1 if wrong else 0)


def _settings(env: Environment) -> Iterator[Finding]:
    for name in unknown_names():
        yield NOTE, f"{name} is set but is not a setting of Klatch: take it away or mend its name."
    if env.debug:
        yield NOTE, "KLATCH_DEBUG is on: error pages show secrets. Never on a network."
    if not env.rate_limit:
        yield NOTE, "KLATCH_RATE_LIMIT is off: passwords can be guessed as fast as one likes."
    if env.open_relay:
        yield NOTE, env.open_relay
    if env.origins:
        yield GOOD, f"People reach this place at {', '.join(env.origins)}."
        if not env.https:
            yield NOTE, "That address is not encrypted: put a proxy with TLS in front and set KLATCH_URL=https://…"
    else:
        yield GOOD, "No KLATCH_URL: fine without a proxy. Behind one, set it to the address that people use."


def _folder(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        yield BAD, f"There is no data folder {data}: start `klatch serve --data {data}`, or name the right one."
        return
    try:
        with tempfile.TemporaryFile(dir=data) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        yield BAD, f"The data folder {data} cannot be written ({problem.strerror}): give it to the user of the server."
        return
    free = shutil.disk_usage(data).free
    if free < 200 * 2**20:
        yield BAD, f"Only {free // 2**20} MB are free at {data}: SQLite stops writing when the disk is full. Make room."
    elif free < 2**30:
        yield NOTE, f"{free // 2**20} MB are free at {data}: make room before it gets tight."
    else:
        yield GOOD, f"{data} can be written; {free / 2**30:.0f} GB are free."
    key = data / "secret-key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield BAD, f"Others on this machine can read {key}, and with it forge log-ins: chmod 600 {key}"


def _database(env: Environment) -> Iterator[Finding]:
    if not env.database:
        version = tuple(int(part) for part in sqlite3.sqlite_version.split("."))
        if not (env.data / "klatch.sqlite3").exists():
            yield BAD, f"There is no database in {env.data} yet: start `klatch serve` once."
            return
        mended = version >= WAL_RESET_MENDED[0] or any(
            fix <= version < (fix[0], fix[1] + 1) for fix in WAL_RESET_MENDED
        )
        if mended:
            yield GOOD, f"SQLite {sqlite3.sqlite_version}."
        else:
            yield (
                NOTE,
                (
                    f"SQLite {sqlite3.sqlite_version}: versions before 3.51.3 can, very rarely, damage a database when "
                    "two connections restart its log at the same moment. Klatch lets one thread do that; do not write "
                    "to the file with other programs, keep backups, and take a newer Python or SQLite when you can."
                ),
            )
    try:
        start.load(None)
        sound = list(_postgresql() if env.database else _sqlite())
        yield from sound
        if any(mark == BAD for mark, _ in sound):
            return
        executor = start.migrations()
    except Problem as problem:
        yield BAD, problem.message
        return
    if start.pending(executor):
        yield BAD, "The database is older than this Klatch: start `klatch serve` once; it brings it up to date."
    else:
        yield GOOD, "The database is as this version expects it."
    from klatch.server import statics

    if not env.debug and not statics.current(env.data):
        yield NOTE, "Static files are not up to date: `klatch serve` collects them when it starts."


def _sqlite() -> Iterator[Finding]:
    from django.db import DatabaseError, connection

    def ask(pragma: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma}")
            return str(cursor.fetchone()[0])

    try:
        if (mode := ask("journal_mode")) != "wal":
            yield BAD, f"The database is in {mode} mode, not WAL: is the folder on a network share? Use a local disk."
        elif ask("synchronous") not in ("2", "3"):
            yield BAD, "The database does not wait for the disk (synchronous is not FULL): a power cut loses messages."
        else:
            yield GOOD, "The database writes ahead and waits for the disk (WAL, synchronous FULL)."
        if (check := ask("quick_check(1)")) == "ok":
            yield GOOD, "The database is sound (quick_check)."
        else:
            yield BAD, f"The database is damaged ({check}): stop the server, keep a copy, restore your last backup."
    except DatabaseError as problem:
        yield BAD, f"The database cannot be read ({problem}): stop the server, keep a copy, restore your last backup."


def _postgresql() -> Iterator[Finding]:
    from django.db import DatabaseError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
            syncs, waits = cursor.fetchone()
    except DatabaseError as problem:
        yield BAD, f"The database cannot be read ({problem})."
        return
    if syncs == "off":
        yield BAD, "PostgreSQL does not write to the disk what it confirms (fsync is off): a power cut can ruin it."
    elif waits == "off":
        yield BAD, "PostgreSQL does not wait for the disk (synchronous_commit is off): a power cut loses messages."
    else:
        yield GOOD, f"PostgreSQL waits for the disk (fsync on, synchronous_commit {waits})."


def _clock(data: Path) -> Iterator[Finding]:
    year = datetime.now(UTC).year
    if not 2026 <= year <= 2100:
        yield BAD, f"The clock says it is {year}: set it, or log-ins and invites end at wrong times."
        return
    if data.is_dir() and os.access(data, os.W_OK):
        with tempfile.NamedTemporaryFile(dir=data) as file:
            apart = abs(Path(file.name).stat().st_mtime - time.time())
        if apart > 5:
            yield (
                NOTE,
                f"The clock of the disk and of this machine differ by {apart:.0f} s: let both ask the same NTP server.",
            )
            return
    yield GOOD, f"The clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."


def _port(host: str, port: int) -> Iterator[Finding]:
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (a comparison)
    connection = HTTPConnection(target, port, timeout=3)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse().read(200)
    except ConnectionRefusedError:
        yield GOOD, f"Port {port} is free."
    except (socket.gaierror, HTTPException, OSError):
        yield BAD, f"Something that is not Klatch holds port {port}: stop it, or serve on another: --port {port + 1}"
    else:
        if b'"klatch"' in answer:
            yield GOOD, f"Klatch is answering on port {port}."
        else:
            yield (
                BAD,
                f"Something that is not Klatch holds port {port}: stop it, or serve on another: --port {port + 1}",
            )
    finally:
        connection.close()
