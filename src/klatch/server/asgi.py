"""The ASGI application of the server, for `klatch serve` and for anybody's own ASGI server."""

import os
from typing import Any

from klatch.server import folder
from klatch.server.environment import environment

folder.prepare(environment().data)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klatch.server.settings")

import django  # noqa: E402

django.setup(set_prefix=False)

import klatch  # noqa: E402
from klatch.server import drain  # noqa: E402
from klatch.server.handler import Handler  # noqa: E402

_django = Handler()

_klatch = klatch.asgi(_django)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        drain.on_terminate()
    await _klatch(scope, receive, send)
    if scope["type"] == "lifespan":
        _django.close()
