"""The environment and the data folder, read and made without a process."""

import threading
from pathlib import Path
from typing import Any

import pytest

from klatch.server import folder
from klatch.server.environment import PATIENCE, SettingError, read


def test_without_variables_everything_has_a_default() -> None:
    env = read({})
    assert (env.origins, env.hosts, env.https, env.database, env.rate_limit) == ((), ["*"], False, {}, True)


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("https://chat.example.org", ("https://chat.example.org",)),
        ("https://Chat.Example.org:443/", ("https://chat.example.org",)),
        ("http://192.168.1.5:8000, https://a.b", ("http://192.168.1.5:8000", "https://a.b")),
        ("http://[fd00::5]:8000", ("http://[fd00::5]:8000",)),
    ],
)
def test_public_addresses_are_written_as_browsers_write_them(value: str, origins: tuple[str, ...]) -> None:
    assert read({"KLATCH_URL": value}).origins == origins


@pytest.mark.parametrize(
    "value", ["chat", "ftp://a", "https://", "https://a/path", "https://a?b", "https://a:port", "*"]
)
def test_a_public_address_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match="KLATCH_URL"):
        read({"KLATCH_URL": value})


def test_cookies_insist_on_https_only_where_every_address_has_it() -> None:
    assert read({"KLATCH_URL": "https://a.b"}).https
    assert not read({"KLATCH_URL": "https://a.b,http://10.0.0.1"}).https


def test_an_ipv6_address_is_a_host_in_brackets() -> None:
    assert "[fd00::5]" in read({"KLATCH_URL": "http://[fd00::5]"}).hosts


def test_a_database_address_keeps_odd_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klatch.server.environment.find_spec", lambda name: object())
    made = read({"KLATCH_DATABASE_URL": "postgres://us%40er:p%2Fw%3A@db.local:6432/kl?sslmode=require"}).database
    assert (made["USER"], made["PASSWORD"], made["HOST"], made["PORT"], made["NAME"]) == (
        "us@er", "p/w:", "db.local", "6432", "kl",
    )  # fmt: skip
    assert made["OPTIONS"].pop("pool")["max_size"] > 1
    assert made["OPTIONS"] == {**PATIENCE, "prepare_threshold": 5, "sslmode": "require"}


def test_the_address_says_whether_statements_are_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klatch.server.environment.find_spec", lambda name: object())
    for given, wanted in (("none", None), ("2", 2)):
        made = read({"KLATCH_DATABASE_URL": f"postgres://a:b@c/d?prepare_threshold={given}"}).database
        assert made["OPTIONS"]["prepare_threshold"] == wanted
    for given in ("nobody", "-1", "1.5", "٣"):
        with pytest.raises(SettingError, match="prepare_threshold"):
            read({"KLATCH_DATABASE_URL": f"postgres://a:b@c/d?prepare_threshold={given}"})


def test_the_address_says_how_patient_a_line_to_the_database_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klatch.server.environment.find_spec", lambda name: object())
    options = read({"KLATCH_DATABASE_URL": "postgres://a:b@c/d?tcp_user_timeout=60000"}).database["OPTIONS"]
    assert options["tcp_user_timeout"] == "60000"
    assert options["keepalives_idle"] == PATIENCE["keepalives_idle"]


def test_a_database_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klatch.server.environment.find_spec", lambda name: None)
    with pytest.raises(SettingError, match="pip install"):
        read({"KLATCH_DATABASE_URL": "postgres://a:b@c/d"})


def test_mail_is_encrypted_unless_it_stays_on_this_machine() -> None:
    def options(address: str) -> dict[str, Any]:
        made: dict[str, Any] = read({"KLATCH_EMAIL_URL": address, "KLATCH_URL": "https://a.b"}).mailer["OPTIONS"]
        return made

    assert options("smtp://u:p@mail.example.org")["use_tls"] is True
    assert options("smtps://u:p@mail.example.org")["port"] == 465
    assert options("smtp://localhost:25")["use_tls"] is False


def test_mail_needs_to_know_the_address_for_its_links() -> None:
    with pytest.raises(SettingError, match="KLATCH_URL"):
        read({"KLATCH_EMAIL_URL": "smtp://localhost"})


def test_a_secret_made_by_many_at_once_is_one_secret(tmp_path: Path) -> None:
    together = threading.Barrier(8)
    seen: set[str] = set()

    def keep() -> None:
        together.wait()
        seen.add(folder.keep_secret(tmp_path / "secret"))

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_the_lock_of_a_folder_is_held_once(tmp_path: Path) -> None:
    with folder.locked(tmp_path), pytest.raises(folder.InUseError), folder.locked(tmp_path):
        pass
    with folder.locked(tmp_path):
        pass


def test_a_relay_needs_a_database_that_several_servers_can_share() -> None:
    with pytest.raises(SettingError, match="KLATCH_DATABASE_URL"):
        read({"KLATCH_RELAY_URL": "redis://localhost"})
