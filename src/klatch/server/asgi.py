"""The ASGI application of the server, for `klatch serve` and for anybody's own ASGI server."""

import os
from typing import Any

from klatch.server import folder
from klatch.server.environment import environment

folder.prepare(environment().data)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klatch.server.settings")

from django.core.asgi import get_asgi_application  # noqa: E402

_django = get_asgi_application()

import klatch  # noqa: E402
from klatch.server import drain  # noqa: E402

_klatch = klatch.asgi(_django)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        drain.on_terminate()
    await _klatch(scope, receive, send)
