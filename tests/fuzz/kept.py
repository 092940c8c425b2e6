"""The inputs that are kept: a file a harness in ``corpus/``, one input a line, its bytes as a JSON string."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def read(name: str) -> list[bytes]:
    """A byte is the character of its number."""
    path = FOLDER / f"{name}.jsonl"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [json.loads(line).encode("latin-1") for line in lines]


def write(name: str, inputs: list[bytes]) -> None:
    lines = [
        json.dumps(data.decode("latin-1")) + "\n" for data in sorted(set(inputs), key=lambda data: (len(data), data))
    ]
    (FOLDER / f"{name}.jsonl").write_text("".join(lines), encoding="ascii")
