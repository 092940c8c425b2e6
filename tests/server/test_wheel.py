"""What people install: a wheel built from this checkout, in an environment of its own, serves the product."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.process import Server

ROOT = Path(__file__).parents[2]
Serve = Callable[..., Server]


def run(*command: str | Path, why: str) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        pytest.fail(f"{why}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}", pytrace=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder,
        why="The wheel cannot be built.",
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and the pinned versions of what it asks for."""
    folder = tmp_path_factory.mktemp("fresh")
    pins = re.findall(r"^[\w.-]+==[^\s;\\]+", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins))
    made = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = shutil.which("uv") or shutil.which("uv", path=ROOT / ".tools" / "bin")
    why = "The wheel cannot be installed; this test needs the package index or a filled cache."
    if uv:
        run(uv, "venv", "--quiet", "--python", sys.executable, folder / "venv", why="No environment can be made.")
        run(uv, "pip", "install", "--quiet", "--python", made, "--constraint", constraints, wheel, why=why)
    else:
        run(sys.executable, "-m", "venv", folder / "venv", why="No environment can be made: is python3-venv there?")
        run(made, "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel, why=why)
    return made


def test_the_wheel_has_every_file_of_the_package_and_no_test(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "ls-files", "src/klatch"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    package = {name.removeprefix("src/") for name in tracked if name}
    assert package - inside == set()
    assert not any("test" in Path(name).parts[0] for name in inside)


def test_a_fresh_environment_with_the_wheel_serves_the_product(python: Path, serve: Serve, tmp_path: Path) -> None:
    server = serve(data=tmp_path / "new", python=python, cwd=tmp_path)
    rosa = server.set_up()
    page = rosa.get("/chat/lobby/")
    assert page.status == 200
    for address in re.findall(r'"(/static/[^"]+\.(?:js|mjs|css|svg))"', page.text):
        assert rosa.get(address).status == 200, address
    assert rosa.get("/admin/").status == 200


def test_the_command_is_installed(python: Path) -> None:
    done = subprocess.run([python.parent / "klatch", "--version"], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("klatch, version ")
