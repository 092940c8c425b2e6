"""Who may open a WebSocket: origin, log-in, number of sockets. What follows is ``socket``'s."""

import asyncio
from typing import Any

from klatch import limits
from klatch.conf import conf
from klatch.errors import BadOrigin, Close, KlatchError, RateLimited, Unavailable
from klatch.realtime import login
from klatch.realtime.connection import Send
from klatch.realtime.node import SILENT_SECONDS, start
from klatch.realtime.socket import Receive, Socket


async def serve(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application behind ``/ws/``."""
    if (await receive())["type"] != "websocket.connect":
        return
    given = login.headers(scope)
    try:
        login.check_origin(scope, given)
        node = await start()
        if node.cut_off:
            raise Unavailable
        async with asyncio.timeout(SILENT_SECONDS):
            heard, who = node.heard, await node.logins.ask(given)
    except BadOrigin:
        login.note_refused(scope, given)
        await send({"type": "websocket.close", "code": Close.UNAUTHENTICATED})
        return
    except (KlatchError, TimeoutError):
        await _refuse(send, Close.SHUTDOWN)
        return
    if who is None:
        await _refuse(send, Close.UNAUTHENTICATED)
        return
    try:
        limits.check_socket(who.user.pk)
    except RateLimited:
        await _refuse(send, Close.TOO_OFTEN)
        return
    if len(node.hub.users.get(who.user.pk, ())) >= conf().sockets_per_user:
        await _refuse(send, Close.TOO_MANY_SOCKETS)
        return
    await send({"type": "websocket.accept"})
    await Socket(node, who, receive, send, scope.get("extensions", {})).run(heard)


async def _refuse(send: Send, code: Close) -> None:
    # Accepted first: a browser is not told why a handshake was refused.
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})
