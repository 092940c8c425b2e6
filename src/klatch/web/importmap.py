"""Which JavaScript modules the client consists of, and under which names they import one another.

The browser gets the hashed addresses by an import map: the modules themselves import only names, never paths,
so that a manifest storage need not rewrite them.
"""

import json
from pathlib import Path

from django.templatetags.static import static

_FOLDER = Path(__file__).parent.parent / "static" / "klatch"


def _names() -> dict[str, str]:
    """Name in an import -> path below the static folder."""
    names = {}
    listing = json.loads((_FOLDER / "vendor" / "VENDOR.json").read_text())
    for package in listing["packages"].values():
        for file, about in package["files"].items():
            names[about["name"]] = f"klatch/vendor/{file}"
    for file in sorted((_FOLDER / "js").rglob("*.js")):
        below = file.relative_to(_FOLDER / "js").as_posix()
        names[f"#klatch/{below}"] = f"klatch/js/{below}"
    return names


def importmap() -> dict[str, str]:
    """Name in an import -> address. Sixty files, each looked up among the hashed names: whoever asks keeps it."""
    return {name: static(path) for name, path in _names().items()}
