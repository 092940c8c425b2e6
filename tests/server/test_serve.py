"""`klatch serve` as a process: what it says, what it refuses, how it ends."""

import json
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.server.database import rows
from tests.server.process import Server, clean_environment, klatch

Serve = Callable[..., Server]


def refusal(*options: str, **environment: str) -> tuple[int, str]:
    done = klatch("serve", "--no-browser", *options, **environment)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_fresh_server_is_ready_alive_and_leads_to_set_up(serve: Serve, tmp_path: Path) -> None:
    server = serve(data=tmp_path / "new")
    assert f"Klatch is ready: {server.url}" in server.lines
    assert json.loads(server.browser().get("/healthz").text) == {"klatch": "alive"}
    assert json.loads(server.browser().get("/readyz").text) == {"klatch": "ready"}
    assert server.browser().get("/").location == "/setup/"


def test_what_is_secret_is_readable_by_its_owner_only_and_survives_a_restart(serve: Serve, tmp_path: Path) -> None:
    server = serve(data=tmp_path / "new")
    key = server.data / "secret-key"
    before = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(before) > 50
    server.restart()
    assert key.read_text() == before


def test_sigterm_ends_it_with_exit_code_0(serve: Serve) -> None:
    assert serve().stop(signal.SIGTERM) == 0


def test_ctrl_c_ends_it_with_exit_code_0_and_no_traceback(serve: Serve) -> None:
    server = serve()
    assert server.stop(signal.SIGINT) == 0
    assert not any("Traceback" in line for line in server.lines)


def test_a_session_and_its_room_survive_a_killed_server(serve: Serve) -> None:
    server = serve()
    rosa = server.set_up()
    server.restart(signal.SIGKILL)
    assert rosa.get("/chat/lobby/").status == 200


def test_a_second_server_on_the_same_folder_is_refused(serve: Serve) -> None:
    server = serve()
    code, said = refusal("--port", "0", "--data", str(server.data))
    assert code == 6
    assert said.startswith("klatch: A Klatch already runs on")


def test_a_taken_port_is_refused_with_another_one_to_take(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, said = refusal("--port", str(port), "--data", str(tmp_path))
    assert code == 5
    assert f"Port {port} is taken" in said
    assert not (tmp_path / "secret-key").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    code, said = refusal("--port", "0", "--data", str(tmp_path / "data"))
    assert code == 4
    assert "a file is in its place" in said


def test_a_database_from_a_newer_version_is_refused_and_left_alone(serve: Serve) -> None:
    server = serve()
    server.stop()
    rows(server, "INSERT INTO django_migrations (app, name, applied) VALUES ('klatch', '9999_later', '2030-01-01')")
    code, said = refusal("--port", "0", "--data", str(server.data))
    assert code == 7
    assert "klatch.9999_later" in said


def test_a_setting_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    for name, value in {
        "KLATCH_URL": "chat.example.org",
        "KLATCH_DATABASE_URL": "mysql://root:geheim@db/klatch",
        "KLATCH_RATE_LIMIT": "perhaps",
        "KLATCH_LANGUAGE": "tlh",
        "KLATCH_TIME_ZONE": "Mars/Olympus",
        "KLATCH_SECRET_KEY": "short",
        "KLATCH_EMAIL_URL": "mail.example.org",
    }.items():
        code, said = refusal("--port", "0", "--data", str(tmp_path), **{name: value})
        assert code == 3, said
        assert said.count("\n") == 1
        assert name in said
        assert "geheim" not in said


def test_a_name_that_is_no_setting_is_mentioned_and_does_no_harm(serve: Serve) -> None:
    server = serve(KLATCH_RATELIMIT="off")
    assert server.said("KLATCH_RATELIMIT is not a setting")


def test_the_data_folder_may_come_from_the_environment(tmp_path: Path) -> None:
    done = klatch("doctor", "--port", "1", KLATCH_DATA=str(tmp_path / "elsewhere"))
    assert str(tmp_path / "elsewhere") in done.stdout


def test_static_files_have_hashed_names_are_packed_and_may_be_kept_forever(serve: Serve, tmp_path: Path) -> None:
    server = serve(data=tmp_path / "new")
    page = server.browser().get("/setup/")
    address = page.value(r'href="(/static/klatch/css/tokens\.[0-9a-f]{12}\.css)"')
    style = server.browser().get(address, **{"Accept-Encoding": "identity"})
    assert "immutable" in style.headers["Cache-Control"]
    assert "--accent" in style.text
    assert (server.data / "static" / (address.removeprefix("/static/") + ".gz")).exists()


def test_changed_static_files_are_collected_again_at_the_next_start(serve: Serve) -> None:
    server = serve()
    stamp = server.data / "static" / ".fingerprint"
    (server.data / "static" / "old-file").write_text("")
    server.restart()
    assert (server.data / "static" / "old-file").exists(), "nothing changed, so nothing is done"
    stamp.write_text("of another version")
    server.restart()
    assert not (server.data / "static" / "old-file").exists()
    assert server.browser().get("/setup/").status == 200


def test_only_named_hosts_are_answered_where_the_address_is_known(serve: Serve) -> None:
    server = serve(KLATCH_URL="https://chat.example.org")
    assert server.browser("chat.example.org").get("/healthz").status == 200
    assert server.browser("evil.example").get("/setup/").status == 400
    assert server.browser().get("/healthz").status == 200


def test_behind_https_cookies_insist_on_it_and_sockets_are_named(serve: Serve) -> None:
    server = serve(KLATCH_URL="https://chat.example.org")
    code = server.said("?code=").rsplit("/setup/", 1)[1]
    page = server.browser("chat.example.org").get("/setup/" + code)
    assert "Secure" in page.headers["Set-Cookie"]
    assert "wss://chat.example.org" in page.headers["Content-Security-Policy"]


def test_help_is_there_for_every_command() -> None:
    assert "Exit codes" in klatch("--help").stdout
    for command in ("serve", "create-user", "token", "post", "doctor"):
        done = klatch(command, "--help")
        assert done.returncode == 0
        assert "--data" in done.stdout
    assert klatch("--version").stdout.startswith("klatch, version ")


def test_help_loads_neither_django_nor_the_server() -> None:
    import sys

    code = "import sys; from klatch.server.cli import cli; print('django' in sys.modules, 'uvicorn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean_environment()
    )
    assert done.stdout.split() == ["False", "False"]


def test_guessing_passwords_is_slowed_down_and_the_switch_lifts_it(serve: Serve, tmp_path: Path) -> None:
    limits = {"off": False, "on": True}
    for switch, slowed in limits.items():
        server = serve(data=tmp_path / switch, KLATCH_RATE_LIMIT=switch)
        server.set_up()
        pages = [
            server.browser().post("/accounts/login/", login="rosa", password=f"guess {number}") for number in range(8)
        ]
        assert any("Too many" in page.text for page in pages) is slowed
        assert all(page.status in (200, 429) for page in pages)
