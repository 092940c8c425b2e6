"""A power cut without a file system of its own: which bytes of SQLite's files were synced, and what a disk may keep.

The shim in ``power.c`` writes down what the process does. After a cut only what was synced is there; of the rest any
sectors, or none. A new file is there once its folder was synced.
"""

import random
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEAD = struct.Struct("=QQQQ")
SECTOR = 512
NAME = "klatch.sqlite3"


def shim(folder: Path) -> Path:
    made = folder / "power.so"
    source = Path(__file__).with_name("power.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl"], check=True)
    return made


@dataclass
class File:
    """``safe`` is on the disk; ``pending`` are writes (offset, bytes) and cuts (length, None) that were not synced."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.pending:
            self._put(offset, data)
        self.pending.clear()

    def after_cut(self, chance: random.Random | None) -> bytes:
        """What a disk holds: with ``chance`` also any sectors of what was not synced."""
        for offset, data in self.pending if chance else ():
            if data is None:
                if chance and chance.random() < 0.5:
                    self._put(offset, None)
                continue
            for start in range(0, len(data), SECTOR):
                if chance and chance.random() < 0.5:
                    self._put(offset + start, data[start : start + SECTOR])
        self.pending.clear()
        return bytes(self.safe)

    def _put(self, offset: int, data: bytes | None) -> None:
        if data is None:
            del self.safe[offset:]
        self.safe.extend(bytes(max(0, offset - len(self.safe))))
        if data is not None:
            self.safe[offset : offset + len(data)] = data


class Disk:
    """Begins with what is in the folder now, all of it synced."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder, self._log = folder, log
        log.unlink(missing_ok=True)
        self._names = {path.name: File(bytearray(path.read_bytes())) for path in self._files()}
        self.lost = 0  # bytes that had not been synced, over all cuts

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob(f"{NAME}*") if not path.name.endswith("-shm")]

    def cut(self, chance: random.Random | None) -> None:
        """The process is dead: put what the disk holds in place of what the page cache held."""
        files: dict[int, File] = {}
        names, durable = dict(self._names), dict(self._names)
        for kind, inode, offset, data in self._records():
            if kind == "O":
                files[inode] = names.setdefault(data.decode(), File())
            elif kind == "U":
                names.pop(data.decode(), None)
            elif kind == "D":
                durable = dict(names)
            elif kind == "S":
                files[inode].sync()
            else:
                files[inode].pending.append((offset, data if kind == "W" else None))
        for path in self._folder.glob(f"{NAME}*"):
            path.unlink()
        self.lost += sum(len(data or b"") for file in files.values() for _, data in file.pending)
        for name, file in durable.items():
            (self._folder / name).write_bytes(file.after_cut(chance))
        self._names = durable
        self._log.unlink()

    def _records(self) -> Iterator[tuple[str, int, int, bytes]]:
        with self._log.open("rb") as log:
            while len(head := log.read(HEAD.size)) == HEAD.size:
                kind, inode, offset, length = HEAD.unpack(head)
                data = log.read(length)
                if len(data) < length:
                    return
                yield chr(kind), inode, offset, data
