"""The other commands: accounts, tokens and messages from the command line, beside a running server."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.process import PASSWORD, Server, klatch

Serve = Callable[..., Server]


def create(data: Path, name: str, *options: str, password: str = PASSWORD, email: str = "") -> tuple[int, str]:
    done = klatch(
        "create-user", name, "--email", email or f"{name}@example.org", "--password-file", "-", *options,
        "--data", str(data), stdin=password + "\n",
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def accounts(data: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(data / "klatch.sqlite3")) as database:
        return database.execute("SELECT username, email FROM auth_user ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an owner, olga, and no server."""
    data = tmp_path_factory.mktemp("place")
    assert create(data, "olga", "--owner")[0] == 0
    return data


def test_the_first_account_must_be_an_owner_and_founds_the_place(tmp_path: Path) -> None:
    code, said = create(tmp_path, "rosa")
    assert (code, "--owner" in said) == (1, True)
    assert create(tmp_path, "rosa", "--owner")[0] == 0
    assert klatch("post", "lobby", "Hello", "--data", str(tmp_path)).returncode == 0


def test_an_account_from_the_command_line_logs_in_and_is_in_the_lobby(server: Server) -> None:
    server.set_up()
    assert create(server.data, "karl")[0] == 0
    karl = server.browser()
    assert karl.post("/accounts/login/", login="karl", password=PASSWORD).location == "/chat/"
    assert "lobby" in karl.get("/invite/").text


def test_a_password_may_come_from_a_file(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    done = klatch(
        "create-user", "fil", "--email", "fil@example.org", "--password-file", str(file), "--data", str(place)
    )
    assert done.returncode == 0
    missing = klatch("create-user", "x", "--email", "x@x.org", "--password-file", str(tmp_path / "none"))
    assert missing.returncode == 2


@pytest.mark.parametrize(
    ("name", "password", "email", "said"),
    [
        ("olga", PASSWORD, "else@example.org", "is taken"),
        ("OLGA", PASSWORD, "else@example.org", "is taken"),
        ("everyone", PASSWORD, "", "is taken"),
        ("two words", PASSWORD, "two@example.org", "Enter a valid username"),
        ("weak", "12345678", "", "password is too common"),
        ("short", "kurz", "", "too short"),
        ("empty", "", "", "empty"),
        ("mail", PASSWORD, "mail", "valid email"),
        ("mail", PASSWORD, "OLGA@example.org", "an account with this e-mail address already"),
    ],
)
def test_what_will_not_do_is_said_and_nothing_is_made(
    place: Path, name: str, password: str, email: str, said: str
) -> None:
    before = accounts(place)
    code, answer = create(place, name, password=password, email=email)
    assert code == 1
    assert said in answer
    assert accounts(place) == before


def test_a_password_is_never_taken_from_the_command_line() -> None:
    done = klatch("create-user", "rosa", "--email", "r@example.org", "--password", PASSWORD)
    assert done.returncode == 2


def test_token_prints_a_token_and_nothing_else(place: Path) -> None:
    done = klatch("token", "olga", "--data", str(place))
    assert re.fullmatch(r"klatch_[\w-]{40,}\n", done.stdout)
    assert done.stderr == ""


def test_a_token_of_the_command_line_opens_the_api_of_the_running_server(serve: Serve) -> None:
    server = serve()
    server.set_up()
    secret = server.klatch("token", "rosa").stdout.strip()
    page = server.browser().get("/api/v1/rooms", Authorization=f"Bearer {secret}")
    assert "lobby" in json.dumps(json.loads(page.text))
    server.klatch("token", "rosa", "--scope", "read")
    listed = server.browser().get("/api/v1/tokens", Authorization=f"Bearer {secret}")
    assert [row["scope"] for row in json.loads(listed.text)["tokens"]] == ["write", "read"]


def test_post_reaches_a_room_of_the_running_server(serve: Serve) -> None:
    server = serve()
    server.set_up()
    assert server.klatch("post", "lobby", "Backup done ✓").returncode == 0
    assert server.klatch("post", "lobby", "-", stdin="from a pipe\n").returncode == 0
    secret = server.klatch("token", "rosa").stdout.strip()
    rooms = json.loads(server.browser().get("/api/v1/rooms", Authorization=f"Bearer {secret}").text)
    assert '"count": 2' in json.dumps(rooms)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "Hello"), "olga is in no room"),
        (("lobby", " "), "needs some text"),
        (("lobby", "x" * 20_000), "10000 characters"),
        (("lobby", "Hello", "--as", "nobody"), "nobody called “nobody”"),
    ],
)
def test_a_post_that_cannot_be_is_one_sentence(place: Path, arguments: tuple[str, ...], said: str) -> None:
    done = klatch("post", *arguments, "--data", str(place))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_say_where_there_is_no_place(tmp_path: Path) -> None:
    done = klatch("token", "olga", "--data", str(tmp_path / "empty"))
    assert done.returncode == 1
    assert "There is no Klatch in" in done.stderr
