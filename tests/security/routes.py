"""Every address that the server answers, as Django resolves it: ``python -m tests.security.routes DATA``."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any


def walk(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        inner = getattr(pattern, "url_patterns", None)
        if inner is None:
            yield route
        else:
            yield from walk(inner, route)


if __name__ == "__main__":
    os.environ["KLATCH_DATA"] = sys.argv[1]
    os.environ["DJANGO_SETTINGS_MODULE"] = "klatch.server.settings"
    import django
    from django.urls import get_resolver

    django.setup()
    print(json.dumps(sorted(set(walk(get_resolver().url_patterns)))))  # noqa: T201
