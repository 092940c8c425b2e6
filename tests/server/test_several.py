"""Several servers on one PostgreSQL, with Valkey between them or without."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import engines
from tests.server.process import PASSWORD, Server, klatch

Serve = Callable[..., Server]


@pytest.fixture
def database() -> str:
    """A database of its own on the PostgreSQL of the test run."""
    import psycopg

    address = engines.postgres()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS several WITH (FORCE)")
        connection.execute("CREATE DATABASE several")
    return (
        address.replace("/postgres?", "/several?")
        if "/postgres?" in address
        else address.rsplit("/", 1)[0] + "/several"
    )


@pytest.mark.parametrize("relay", ["PostgreSQL", "Valkey"])
def test_two_servers_share_people_and_log_ins(serve: Serve, database: str, tmp_path: Path, relay: str) -> None:
    shared = {"KLATCH_DATABASE_URL": database, "KLATCH_SECRET_KEY": "the same for both " * 3}
    if relay == "Valkey":
        shared["KLATCH_RELAY_URL"] = engines.valkey().url
    one = serve(data=tmp_path / "data", **shared)
    two = serve(data=tmp_path / "data", **shared)
    rosa = one.set_up()
    there = two.browser()
    there.cookies = rosa.cookies
    assert there.get("/people/").status == 200
    assert two.browser().get("/readyz").status == 200
    assert two.browser().get("/setup/").status == 404
    assert one.stop() == 0
    ada = klatch(
        "create-user", "ada", "--email", "ada@example.org", "--password-file", "-", "--data", str(tmp_path / "data"),
        stdin=PASSWORD, **shared,
    )  # fmt: skip
    assert ada.returncode == 0, ada.stderr
    assert "@ada" in there.get("/people/").text


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    nowhere = f"postgres://nobody:geheim@127.0.0.1:{engines.free_port()}/klatch"
    done = klatch("serve", "--port", "0", "--data", str(tmp_path), KLATCH_DATABASE_URL=nowhere)
    assert done.returncode == 8
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr


def test_the_doctor_says_whether_postgresql_waits_for_the_disk(serve: Serve, database: str, tmp_path: Path) -> None:
    import psycopg

    server = serve(data=tmp_path / "new", KLATCH_DATABASE_URL=database, KLATCH_SECRET_KEY="a secret of its own " * 3)

    def doctor() -> str:
        return klatch("doctor", "--data", str(server.data), "--port", str(server.port), **server.environment).stdout

    assert "PostgreSQL waits for the disk (fsync on, synchronous_commit on)" in doctor()
    with psycopg.connect(database, autocommit=True) as line:
        line.execute("ALTER DATABASE several SET synchronous_commit = off")
    assert "✗ PostgreSQL does not wait for the disk" in doctor()
