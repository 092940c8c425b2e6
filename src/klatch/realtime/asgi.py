"""The wrapper for ``asgi.py``: ``/ws/`` goes to the socket, the rest on; starts and stops the node with the server."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.urls import reverse

from klatch.realtime import handshake, node

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def application(http: Application, websocket: Application | None = None) -> Application:
    """``http`` is Django's ASGI application; ``websocket`` takes the project's other sockets, if it has any."""

    async def klatch(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] != "websocket":
            await http(scope, receive, send)
        elif scope["path"].removeprefix(scope.get("root_path", "")) == _place():
            await handshake.serve(scope, receive, send)
        elif websocket is not None:
            await websocket(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 4501})

    return klatch


@lru_cache(maxsize=1)
def _place() -> str:
    """The socket's path: beside the pages, wherever the project has mounted them."""
    return reverse("klatch:directory").removesuffix("chat/") + "ws/"


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await node.start()
            except Exception as problem:
                await send({"type": "lifespan.startup.failed", "message": str(problem)})
                raise
            await send({"type": "lifespan.startup.complete"})
        else:
            await node.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "ROOT_URLCONF":
        _place.cache_clear()


setting_changed.connect(_forget, dispatch_uid="klatch.asgi")
