"""What commands do before their own work: folder, settings, Django, the version of the database."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from klatch.server import folder
from klatch.server.cli.problems import BadFolder, BadSettings, NewerDatabase, NoDatabase, Problem
from klatch.server.environment import Environment, SettingError, environment, use_folder

if TYPE_CHECKING:
    from django.db.migrations.executor import MigrationExecutor


def read(data: Path | None) -> Environment:
    """The environment, with ``--data`` in it."""
    if data is not None:
        use_folder(str(data))
    try:
        return environment()
    except SettingError as problem:
        raise BadSettings(str(problem)) from problem


def load(data: Path | None) -> Environment:
    """Django is ready, the folder and its secrets exist."""
    env = read(data)
    os.umask(0o077)  # the database and all else that is made from here on is for its owner only
    try:
        folder.prepare(env.data)
    except folder.FolderError as problem:
        raise BadFolder(str(problem)) from problem
    os.environ["DJANGO_SETTINGS_MODULE"] = "klatch.server.settings"
    import django

    django.setup()
    return env


def load_existing(data: Path | None) -> Environment:
    """For commands that work on a place that is there: its database is as this code expects it, or a ``Problem``."""
    env = load(data)
    if not env.database and not (env.data / "klatch.sqlite3").exists():
        raise Problem(f"There is no Klatch in {env.data} yet. Start one there: klatch serve --data {env.data}")
    if pending(migrations()):
        raise Problem("The database is older than this Klatch. Start `klatch serve` once; it brings it up to date.")
    return env


def migrations() -> "MigrationExecutor":
    """The state of the database. Raises ``NewerDatabase``, ``NoDatabase``."""
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as problem:
        raise NoDatabase(f"The database cannot be reached: {str(problem).strip().splitlines()[0]}.") from problem
    loader = executor.loader
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps
        and (app, name) not in loader.disk_migrations
        and not _squashed(loader, app, name)
    )
    if unknown:
        raise NewerDatabase(
            f"The database is newer than this Klatch: it has {unknown[0]}, which this version does not know. "
            "Install the version that ran last, or a newer one."
        )
    return executor


def pending(executor: "MigrationExecutor") -> bool:
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _squashed(loader: object, app: str, name: str) -> bool:
    """Whether a migration on disk stands in for this one."""
    return any((app, name) in migration.replaces for migration in loader.disk_migrations.values())  # type: ignore[attr-defined]
