"""`klatch backup` and `klatch restore`: from a running place to a file, from a file to a place that stands still."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from klatch.server import folder
from klatch.server.cli import start
from klatch.server.cli.problems import AlreadyRunning, Problem

DATABASE = "klatch.sqlite3"


def backup(target: Path | None, data: Path | None) -> None:
    start.load_existing(data)
    from klatch.server import audit
    from klatch.server import backup as archive
    from klatch.server.models import Act

    target = target or Path(f"klatch-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    if target.exists():
        raise Problem(f"{target} is there already; a backup never overwrites another.")
    try:
        manifest = archive.write(target)
        archive.check(target)
    except (archive.BackupError, OSError) as problem:
        raise Problem(str(problem)) from problem
    with audit.at_command_line():
        audit.record(Act.Kind.BACKUP, None, words=target.name)
    click.echo(f"{target}: {manifest['tables']['klatch.message']['rows']} messages, {target.stat().st_size} bytes")


def restore(source: Path, data: Path | None) -> None:
    env = start.read(data)
    folder.prepare(env.data)
    try:
        with folder.locked(env.data):
            _restore(source, env.data, aside=not env.database, given=data)
    except folder.InUseError:
        raise AlreadyRunning(f"A Klatch runs on {env.data}. Stop it first.") from None


def _restore(source: Path, place: Path, *, aside: bool, given: Path | None) -> None:
    """With SQLite a new file is filled and takes the old one's place at the end; the old one is kept beside it."""
    database, kept = place / DATABASE, place / f"{DATABASE}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    start.load(given)
    from django.core.management import call_command
    from django.db import connection, connections, transaction

    from klatch.server import audit
    from klatch.server import backup as archive
    from klatch.server.models import Act

    draft = place / f"{DATABASE}.restoring"
    try:
        archive.check(source)
        if aside:
            _forget(draft)
            connections["default"].close()
            connections["default"].settings_dict["NAME"] = str(draft)
        call_command("migrate", verbosity=0, interactive=False)
        with transaction.atomic(), audit.at_command_line():
            manifest = archive.read(source)
            audit.record(Act.Kind.RESTORE, None, words=f"{source.name} ({manifest['made']})")
        if aside:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections.close_all()
    except archive.BackupError as problem:
        connections.close_all()
        if aside:
            _forget(draft)
        raise Problem(f"{problem} Nothing was changed.") from problem
    if aside:
        if database.exists():
            os.replace(database, kept)
            for suffix in ("-wal", "-shm"):
                if (beside := Path(f"{database}{suffix}")).exists():
                    os.replace(beside, f"{kept}{suffix}")
            click.echo(f"The database of before is kept as {kept}.")
        os.replace(draft, database)
        _forget(draft)
    click.echo(f"Restored {manifest['tables']['klatch.message']['rows']} messages as of {manifest['made']}.")


def _forget(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{draft}{suffix}").unlink(missing_ok=True)
