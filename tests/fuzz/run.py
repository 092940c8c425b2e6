"""Feeds a harness, or “all”, with what atheris makes up: `python -m tests.fuzz.run all INPUTS [libFuzzer's options]`.

Begins with the kept inputs and keeps what reached something new, the shortest first. What fails is left in build/fuzz.
"""

import os
import subprocess
import sys
from pathlib import Path

import atheris

from tests.fuzz import kept

WORK = Path("build/fuzz")
LONGEST = {"text": 4_096, "frame": 2_048, "relay": 2_048, "search": 512, "emoji": 64, "bounds": 64, "op": 1_024}
# Of all inputs; what is slow gets few.
SHARES = {"frame": 0.47, "relay": 0.23, "emoji": 0.2, "search": 0.06, "text": 0.034, "op": 0.0057, "bounds": 0.0003}
LARGEST_KEPT = 20_000  # bytes a harness


def feed(name: str, options: list[str]) -> None:
    """Does not return: libFuzzer ends the process."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    # Their Python is followed; Rust's and C's inside is not seen.
    with atheris.instrument_imports(
        include=["klatch", "markdown_it", "mdurl", "linkify_it", "tests.fuzz"], enable_loader_override=False
    ):
        django.setup()
        from tests.fuzz.targets import TARGETS
    if name == "op":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


def run(name: str, inputs: int, options: list[str]) -> int:
    """Returns what libFuzzer does: 0 if nothing failed."""
    seeds, found, crashes = (WORK / name / part for part in ("seeds", "found", "crashes"))
    for folder in (seeds, found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(kept.read(name)):
        (seeds / f"{number:04}").write_bytes(data)
    ended = subprocess.run(
        [
            *[sys.executable, "-m", "tests.fuzz.run", "--feed", name, f"-runs={inputs}", f"-max_len={LONGEST[name]}"],
            *[f"-artifact_prefix={crashes}/", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"],
            *["-dict=tests/fuzz/words.dict", "-verbosity=0", *options, found, seeds],
        ],
        check=False,
    )
    # What libFuzzer keeps reached something new, and was made as small as it could be meanwhile.
    smallest = sorted((path.read_bytes() for path in [*seeds.iterdir(), *found.iterdir()]), key=len)
    room = LARGEST_KEPT
    kept.write(name, [data for data in smallest if (room := room - len(data)) > 0])
    return ended.returncode


def main() -> int:
    name, inputs, *options = sys.argv[1:]
    if name == "--feed":
        feed(inputs, options)
    if name != "all":
        return run(name, int(inputs), options)
    return max([run(each, int(int(inputs) * share), options) for each, share in SHARES.items()])


if __name__ == "__main__":
    raise SystemExit(main())
