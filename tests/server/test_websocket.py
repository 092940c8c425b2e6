"""The server's own WebSocket protocol offers the short way out, and its frames arrive like any others."""

import asyncio
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from klatch.realtime.chunk import Chunk


@pytest.mark.parametrize("deflate", [False, True])
async def test_a_frame_made_once_is_offered_unless_lines_are_compressed(deflate: bool) -> None:
    """Compressed frames differ from line to line: there everything goes through ``send``."""
    offered: list[bool] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        write = scope["extensions"].get("klatch.write")
        offered.append(write is not None)
        if write is not None:
            assert write(Chunk(['"straight"']).line)
        await send({"type": "websocket.send", "text": '["through ASGI"]'})
        await send({"type": "websocket.close", "code": 1000})
        assert write is None or not write(Chunk(['"too late"']).line)

    config = uvicorn.Config(
        application,  # type: ignore[arg-type] - uvicorn's types of ASGI are narrower
        port=0, ws="klatch.server.websocket:WebSocketProtocol", ws_per_message_deflate=deflate, lifespan="off",
        log_config=None,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    came: list[Any] = []
    try:
        async with connect(f"ws://127.0.0.1:{port}/") as line:
            async for text in line:
                came.append(text)
    finally:
        server.should_exit = True
        await serving
    assert offered == [not deflate]
    assert came == ([] if deflate else ['["straight"]']) + ['["through ASGI"]']
