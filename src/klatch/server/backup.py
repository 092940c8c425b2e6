"""A whole place as one file, and back: consistent while the server runs, the same for SQLite and PostgreSQL.

A zip with a line of JSON for each row and a manifest of checksums. It holds password hashes and every message: keep it
like the data folder itself. Sessions and the server's secret key are not in it: everybody logs in again.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from klatch import __version__, search
from klatch.models import Epoch

FORMAT = 1
MANIFEST = "manifest.json"
# Made again by the first start, or of no use elsewhere.
LEFT_OUT = {"sessions.session", "contenttypes.contenttype", "auth.permission", "auth.group_permissions",
            "auth.user_user_permissions", "admin.logentry", "usersessions.usersession",
            "klatch_server.counter"}  # fmt: skip
AT_ONCE = 500


class BackupError(Exception):
    """The archive or the database does not allow it, in one sentence."""


def tables() -> list[type[models.Model]]:
    """What a backup holds, so ordered that a row comes after those it points to."""
    wanted = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    ]
    ordered: list[type[models.Model]] = []

    def add(model: type[models.Model]) -> None:
        if model in ordered or model not in wanted:
            return
        for field in model._meta.concrete_fields:
            if field.related_model is not None and field.related_model is not model:
                add(field.related_model)
        ordered.append(model)

    for model in wanted:
        add(model)
    return ordered


def write(target: Path) -> dict[str, Any]:
    """Write the whole place to ``target``, which must not exist yet; returns the manifest."""
    draft = target.with_name(f".{target.name}.part")
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "klatch": __version__,
        "made": timezone.now().isoformat(timespec="seconds"),
        "tables": {},
    }
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive, _snapshot():
            manifest["migrations"] = _migrations()
            for model in tables():
                name = model._meta.label_lower
                with archive.open(f"{name}.jsonl", "w", force_zip64=True) as file:
                    manifest["tables"][name] = _write_table(model, file)
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        if target.exists():
            raise BackupError(f"{target} is there already; a backup never overwrites another.")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def check(source: Path) -> dict[str, Any]:
    """The manifest of an archive that is whole and fits this version. Raises ``BackupError``; changes nothing."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            if manifest["format"] != FORMAT:
                raise BackupError(f"{source} has format {manifest['format']}, which this Klatch does not know.")
            for name, told in manifest["tables"].items():
                with archive.open(f"{name}.jsonl") as file:
                    if _digest(file) != told["sha256"]:
                        raise BackupError(f"{source} is damaged: {name} is not what was written.")
    except BackupError:
        raise
    except FileNotFoundError:
        raise BackupError(f"There is no file {source}.") from None
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, TypeError, ValueError, EOFError) as problem:
        raise BackupError(f"{source} is damaged or no backup of Klatch: {problem}.") from problem
    except Exception as problem:  # zlib raises its own
        raise BackupError(f"{source} is damaged: {problem}.") from problem
    return manifest


def read(source: Path, progress: Callable[[str, int], None] = lambda name, rows: None) -> dict[str, Any]:
    """Fill this empty, migrated database from an archive, under a new epoch, in one transaction; returns the manifest.

    Raises ``BackupError``; then nothing is changed.
    """
    manifest = check(source)
    if manifest["migrations"] != _migrations():
        raise BackupError(
            f"This backup was made by Klatch {manifest['klatch']}, whose tables differ. "
            "Install that version, restore, and upgrade then."
        )
    with zipfile.ZipFile(source) as archive, transaction.atomic():
        known = tables()
        if any(model._default_manager.exists() for model in known if model is not Epoch):
            raise BackupError("The database is not empty. A restore needs an empty one.")
        with connection.constraint_checks_disabled():
            for model in known:
                name = model._meta.label_lower
                if name in manifest["tables"]:
                    if model is Epoch:
                        continue
                    with archive.open(f"{name}.jsonl") as file:
                        progress(name, _read_table(model, file))
        connection.check_constraints()
        _new_numbers(known)
        # Clients that know numbers from after the backup must not believe them.
        Epoch.objects.all().delete()
        Epoch.objects.create()
        search.rebuild()
    return manifest


@contextmanager
def _snapshot() -> Iterator[None]:
    """Everything read inside is of one moment; writers do not wait for it."""
    if connection.vendor == "sqlite":
        # Not ``atomic``: with IMMEDIATE that would take the write lock for as long as the backup takes.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _migrations() -> list[list[str]]:
    return sorted([app, name] for app, name in MigrationRecorder(connection).applied_migrations())


def _write_table(model: type[models.Model], file: IO[bytes]) -> dict[str, Any]:
    names = [field.attname for field in model._meta.concrete_fields]
    digest, count = hashlib.sha256(), 0
    for row in model._default_manager.order_by("pk").values_list(*names).iterator(AT_ONCE):
        values = dict(zip(names, row, strict=True))
        line = json.dumps(values, default=_plain, ensure_ascii=False).encode() + b"\n"
        digest.update(line)
        file.write(line)
        count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _plain(value: Any) -> str:
    # Times to the microsecond, as they are stored.
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a backup")


def _read_table(model: type[models.Model], file: IO[bytes]) -> int:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    batch: list[models.Model] = []
    count = 0
    for line in file:
        values = json.loads(line)
        batch.append(model(**{name: fields[name].to_python(value) for name, value in values.items() if name in fields}))
        count += 1
        if len(batch) == AT_ONCE:
            model._default_manager.bulk_create(batch)
            batch = []
    model._default_manager.bulk_create(batch)
    return count


def _new_numbers(known: list[type[models.Model]]) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), known):
            cursor.execute(statement)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()
