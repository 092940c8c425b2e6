"""What can be known of the image and the compose file without an engine: they parse, and name only what exists."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from klatch.server.cli import serve
from klatch.server.environment import KNOWN

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OPTIONS = {name for parameter in serve.params for name in (*parameter.opts, *parameter.secondary_opts)}


def test_what_the_image_copies_exists() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M):
        for source in line.split():
            assert (ROOT / source).exists(), source


def test_the_image_installs_only_pinned_packages_and_runs_without_root() -> None:
    assert "--require-hashes -r run.txt -r engines.txt" in DOCKERFILE
    last = DOCKERFILE.rsplit("FROM ", 1)[1]
    assert re.search(r"^USER klatch$", last, re.M)
    assert last.index("USER klatch") > last.index("install -d")


@pytest.mark.parametrize("command", [SERVICES["klatch"]["command"], re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.M)])
def test_the_commands_have_options_that_exist(command: Any) -> None:
    words = command if isinstance(command, list) else yaml.safe_load(command[1])
    assert words[0] == "serve"
    assert {word for word in words if word.startswith("--")} <= OPTIONS


def test_every_setting_in_them_exists() -> None:
    used = set(SERVICES["klatch"]["environment"]) | set(re.findall(r"KLATCH_[A-Z_]+", DOCKERFILE))
    assert used <= KNOWN


def test_only_the_proxy_is_published_and_secrets_are_files() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    for service in SERVICES.values():
        for secret in service.get("secrets", []):
            assert set(COMPOSE["secrets"][secret]) == {"file"}
        for value in (service.get("environment") or {}).values():
            assert not re.search(r"://[^/@\s]+:[^/@\s]+@", str(value)), "a password in the environment"


def test_what_services_refer_to_is_declared() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in COMPOSE["volumes"]
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy"
            assert other == "klatch" or "healthcheck" in SERVICES[other]


def test_the_trusted_proxy_is_the_proxy() -> None:
    address = SERVICES["caddy"]["networks"]["inside"]["ipv4_address"]
    assert SERVICES["klatch"]["environment"]["KLATCH_TRUSTED_PROXIES"] == address


def test_the_health_check_of_the_image_is_python() -> None:
    check = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE, re.M)
    assert check is not None
    program = yaml.safe_load(check[1])
    compile(program[2], "health check", "exec")
    assert shlex.quote(program[0]) == "python"
