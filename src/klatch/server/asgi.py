"""The ASGI application of the server, for `klatch serve` and for anybody's own ASGI server."""

import gc
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
        send = _settling(send)
    await _klatch(scope, receive, send)
    if scope["type"] == "lifespan":
        _django.close()


def _settling(send: Any) -> Any:
    async def settle(message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.complete":
            # What is here now stays, and of thousands who come little is garbage: else looking for it takes up to
            # 0.4 s at a time.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000)
        await send(message)

    return settle
