"""Static files of the server: collected, hashed and packed into the data folder, again when they changed."""

import hashlib
import shutil
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from klatch import __version__


def fingerprint() -> str:
    """What the installed static files look like from outside: names, sizes, times. Reads no content."""
    seen = hashlib.sha256(__version__.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            about = Path(storage.path(path)).stat()
            seen.update(f"{path}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def current(data: Path) -> bool:
    stamp = data / "static" / ".fingerprint"
    return stamp.is_file() and stamp.read_text() == fingerprint()


def collect(data: Path) -> None:
    """Under the folder's lock. Old hashed names go: a page that still asks for one loads itself anew."""
    if settings.DEBUG or current(data):
        return
    target = data / "static"
    shutil.rmtree(target, ignore_errors=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    (target / ".fingerprint").write_text(fingerprint())
