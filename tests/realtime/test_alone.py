"""A relay that reaches one process, and a second process: said at start, with the line to change."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from klatch.realtime import alone
from tests.conftest import aside

OTHER = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), 2); print('has it', flush=True); input()"
OTHER_ON_POSTGRESQL = (
    "import psycopg, sys; line = psycopg.connect(sys.argv[1]); "
    f"line.execute('SELECT pg_advisory_lock({alone.LOCK})'); print('has it', flush=True); input()"
)


@pytest.fixture
def other_process(db: None) -> Any:
    """Another process of the same place, which was there first."""
    while alone._held:
        os.close(alone._held.popitem()[1])
    if connection.vendor == "postgresql":
        known = connection.get_connection_params()
        address = " ".join(f"{key}={known[key]}" for key in ("host", "port", "user", "dbname") if known.get(key))
        command = [sys.executable, "-c", OTHER_ON_POSTGRESQL, address]
    else:
        command = [sys.executable, "-c", OTHER, str(Path(connection.settings_dict["NAME"]).parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "has it\n"
        yield
        process.communicate("\n")


async def test_a_second_process_on_a_relay_of_one_is_warned_with_the_line_to_change(
    other_process: None, caplog: pytest.LogCaptureFixture
) -> None:
    await aside(alone.warn_of_others)
    (record,) = caplog.records
    assert "KLATCH = {'RELAY': 'klatch.relay.redis.RedisRelay'" in record.getMessage()


async def test_a_process_that_is_alone_is_told_nothing_however_often_it_starts(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await aside(alone.warn_of_others)
    assert not caplog.records
