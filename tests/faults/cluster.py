"""The PostgreSQL of the tests, stopped and started again; where it listens."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests import engines


def restart_postgres(mode: str) -> None:
    """``mode`` is fast or immediate. Returns when it takes connections again."""
    with psycopg.connect(engines.postgres(), autocommit=True) as line:
        row = line.execute("SHOW data_directory").fetchone()
    assert row is not None
    folder = Path(row[0])
    tool = Path((folder / "postmaster.opts").read_text().split()[0]).with_name("pg_ctl")
    # It refuses to run as root: whoever owns the data runs it.
    subprocess.run(
        [tool, "-D", folder, "-m", mode, "-w", "-t", "60", "-l", folder / "restart.log", "restart"],
        check=True, stdout=subprocess.DEVNULL, user=folder.stat().st_uid, cwd=folder,
    )  # fmt: skip


def postgres_socket() -> str:
    parts = conninfo_to_dict(engines.postgres())
    return f"{parts['host']}/.s.PGSQL.{parts.get('port') or 5432}"


class Pair:
    """A PostgreSQL with a copy that follows it, asynchronously. ``behind`` stops the following, ``fail_over`` ends the
    first and lets the copy take over."""

    def __init__(self) -> None:
        with psycopg.connect(engines.postgres(), autocommit=True) as line:
            row = line.execute("SHOW data_directory").fetchone()
        assert row is not None
        data = Path(row[0])
        self._tools = Path((data / "postmaster.opts").read_text().split()[0]).parent
        # PostgreSQL refuses to run as root: whoever owns that one's data runs these.
        self._owner = data.stat()
        self.folder = Path(tempfile.mkdtemp(prefix="klatch-pair-"))
        os.chown(self.folder, self._owner.st_uid, self._owner.st_gid)
        self.first, self.second = self.folder / "first", self.folder / "second"
        for which in (self.first, self.second):
            self.home(which).mkdir()
            os.chown(self.home(which), self._owner.st_uid, self._owner.st_gid)
        self._run("initdb", "-D", self.first, "-A", "trust", "-U", "postgres", "--no-sync")
        self._start(self.first)
        self._run(
            "pg_basebackup",
            "-h",
            self.home(self.first),
            "-U",
            "postgres",
            "-D",
            self.second,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        )
        self._start(self.second)

    def home(self, which: Path) -> Path:
        """Of its socket: a copy of the data must not have that of the first."""
        return which.with_suffix(".socket")

    def socket(self, which: Path) -> str:
        return f"{self.home(which)}/.s.PGSQL.5432"

    def behind(self) -> None:
        with self.ask(self.second) as line:
            line.execute("ALTER SYSTEM SET primary_conninfo = ''")
            line.execute("SELECT pg_reload_conf()")

    def fail_over(self) -> None:
        self._run("pg_ctl", "-D", self.first, "-m", "immediate", "-w", "stop")
        with self.ask(self.second) as line:
            line.execute("SELECT pg_promote(true, 60)")

    def ask(self, which: Path) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(f"host={self.home(which)} user=postgres dbname=postgres", autocommit=True)

    def close(self) -> None:
        for which in (self.first, self.second):
            if (which / "postmaster.pid").exists():
                self._run("pg_ctl", "-D", which, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)

    def _start(self, which: Path) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.home(which)}' -c hot_standby=on"
        self._run("pg_ctl", "-D", which, "-w", "-l", which / "server.log", "-o", options, "start")

    def _run(self, tool: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self._tools / tool, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=self.folder,
            user=self._owner.st_uid, group=self._owner.st_gid, extra_groups=[],
        )  # fmt: skip
