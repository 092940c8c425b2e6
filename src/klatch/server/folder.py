"""The data folder: makes it, keeps its secrets and its lock. Knows no Django, opens no database."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderError(Exception):
    """The folder cannot be used, in one sentence."""


class InUseError(Exception):
    """Another server works on this folder."""


def make(folder: Path) -> None:
    """The folder exists and can be written, or ``FolderError``."""
    try:
        if not folder.exists():
            # Messages and secrets: nobody else on this machine needs to look inside.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made and removed again: permissions alone say too little (read-only mounts, quotas, root).
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError) as problem:
        raise FolderError(f"The data folder {folder} cannot be made: a file is in its place.") from problem
    except OSError as problem:
        raise FolderError(f"The data folder {folder} cannot be written: {problem.strerror}.") from problem


def keep_secret(path: Path, length: int = 48) -> str:
    """The secret in this file, made on first use: readable by its owner only, never half written, the same for all."""
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mkstemp makes mode 0600
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(length) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces what another process made first.
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        # Some mounted folders know no links.
        if not path.exists():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()


def secret_key_file(folder: Path) -> Path:
    return folder / "secret-key"


def setup_code_file(folder: Path) -> Path:
    return folder / "setup-code"


def prepare(folder: Path) -> None:
    """Everything that must be there before settings are read."""
    make(folder)
    keep_secret(secret_key_file(folder))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One server for each folder; the system lets go of the lock however the process ends. Else ``InUseError``."""
    try:
        import fcntl
    except ImportError:  # Windows: SQLite's own locks remain
        yield
        return
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise InUseError from problem
        yield
