"""The PostgreSQL of the tests, stopped and started again; where it listens."""

import subprocess
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
