"""The asynchronous client: a line that breaks while it opens does not break the next one."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from klatch.client import Client, Closed

WELCOME = {"type": "welcome", "ref": 1, "epoch": "e", "you": {"id": 1}, "rooms": [], "limits": {}}


async def test_the_end_of_a_line_that_never_was_ready_does_not_end_the_next_one() -> None:
    """Else a client whose network fails twice would close every good line for ever."""
    lines: list[ServerConnection] = []

    async def answer(line: ServerConnection) -> None:
        lines.append(line)
        await line.recv()
        if len(lines) == 1:
            await line.close(1012)
            return
        await line.send(json.dumps([WELCOME, {"type": "ready", "ref": 1}]))
        await line.send(json.dumps([{"type": "typing", "room": 1}]))
        await line.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as server:
        client = Client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(Closed) as refused:
            await client.connect()
        assert refused.value.code == 1012
        await client.connect()
        came: list[dict[str, Any]] = [await client.next(), await client.next()]
        assert [frame["type"] for frame in came] == ["welcome", "typing"]
        assert len(lines) == 2
        await lines[1].close(4500)
        with pytest.raises(Closed) as ended:
            async with asyncio.timeout(10):
                await client.next()
        assert ended.value.code == 4500
        await client.close()


async def test_what_a_lost_line_had_brought_is_still_handed_on() -> None:
    async def answer(line: ServerConnection) -> None:
        await line.recv()
        await line.send(json.dumps([WELCOME, {"type": "ready", "ref": 1}, {"type": "typing", "room": 1}]))
        await line.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as server:
        client = Client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await client.connect()
        await client.connect()
        kinds = [(await client.next())["type"] for _ in range(3)]
        await client.close()
    assert kinds == ["welcome", "typing", "welcome"]
