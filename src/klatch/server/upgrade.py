"""A plain opening handshake, answered from what the HTTP parser has read (RFC 6455, 4.2). Opens nothing.

Whatever is not plain has no answer here: `websockets` then reads the request once more and says what is wrong with it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from websockets.http11 import MAX_LINE_LENGTH, MAX_NUM_HEADERS
from websockets.utils import accept_key

CONNECTION = {b"upgrade", b"keep-alive, upgrade"}
KEY = re.compile(rb"[+/0-9A-Za-z]{21}[AQgw]==")  # sixteen bytes
ODD = {b"content-length", b"transfer-encoding", b"sec-websocket-protocol"}
ANSWER = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n"


def answer(request: Mapping[str, Any], url: bytes) -> bytes | None:
    """The first lines of what it gets when it is accepted; the headers of server and application follow.

    ``request`` is an HTTP scope as far as uvicorn has it then; it asks for a WebSocket.
    """
    headers = request["headers"]
    given = dict(headers)
    key = given.get(b"sec-websocket-key", b"")
    plain = (
        (request["method"], request["http_version"]) == ("GET", "1.1")
        and len(given) == len(headers) <= MAX_NUM_HEADERS  # each once
        and len(url) + sum(len(name) + len(value) for name, value in headers) < MAX_LINE_LENGTH
        and url.startswith(b"/")
        and given.keys().isdisjoint(ODD)
        and given.get(b"connection", b"").lower() in CONNECTION
        and given.get(b"sec-websocket-version") == b"13"
        and KEY.fullmatch(key)
    )
    return ANSWER.format(accept_key(key.decode())).encode() if plain else None


def scope(request: Mapping[str, Any], url: bytes) -> dict[str, Any]:
    """The same request as ASGI tells it to who takes a WebSocket."""
    path, _, query = url.partition(b"?")
    root = request["root_path"]
    told = {name: value for name, value in request.items() if name != "method"}
    return told | {
        "type": "websocket",
        "asgi": {**request["asgi"], "spec_version": "2.4"},
        "scheme": "wss" if request["scheme"] == "https" else "ws",
        "path": root + unquote(path.decode()),
        "raw_path": root.encode() + path,
        "query_string": query,
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }
