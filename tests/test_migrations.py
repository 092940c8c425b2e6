"""Migrations say what the models say, in the app and in the server, and leave the database as the code expects it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from klatch import log, search

ROOT = Path(__file__).parent.parent


@pytest.mark.django_db
def test_the_apps_migrations_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)
    assert "No changes" in capsys.readouterr().out


def test_the_servers_migrations_are_complete(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "django", "makemigrations", "klatch", "klatch_server", "--check", "--dry-run"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "klatch.server.settings", "KLATCH_DATA": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_a_new_database_has_an_index_for_search_and_one_epoch() -> None:
    assert search.rebuild() == 0
    assert log.epoch() == log.epoch()


@pytest.mark.usefixtures("db")
def test_the_migrations_can_be_taken_back_and_made_again() -> None:
    call_command("migrate", "klatch", "zero", verbosity=0)
    assert not [name for name in connection.introspection.table_names() if name.startswith("klatch_")]
    call_command("migrate", "klatch", verbosity=0)
    assert search.rebuild() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["message", "event", "reaction", "membership", "ban"])
def test_no_index_is_the_beginning_of_another(table: str) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, f"klatch_{table}")
    whole = [what["columns"] for name, what in found.items() if what["index"] or what["unique"]]
    whole = [columns for columns in whole if columns and None not in columns]
    assert [one for one in whole for other in whole if len(one) < len(other) and other[: len(one)] == one] == []
