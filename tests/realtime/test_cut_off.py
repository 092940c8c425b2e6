"""A process whose database falls silent sends its people away and takes nobody, until the database answers."""

import asyncio
import threading
from typing import Any

import pytest

from klatch.errors import Close
from klatch.realtime import delivery, handshake, node
from klatch.realtime.database import Database
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import eventually, talking


async def test_a_process_without_its_database_sends_everybody_away_until_it_answers(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KLATCH = {"HEAD_CHECK_SECONDS": 0.01}
    monkeypatch.setattr(node, "SILENT_SECONDS", 0.2)
    anna = await aside(make_user)
    await aside(make_room, anna)
    answers = asyncio.Event()
    look = delivery.Delivery.look_at_log

    async def silent(self: delivery.Delivery) -> None:
        await answers.wait()
        await look(self)

    async with talking(server, anna) as talk:
        monkeypatch.setattr(delivery.Delivery, "look_at_log", silent)
        looker = server.node.spawn(server.node._look_at_log())
        assert await talk.closed() == Close.SHUTDOWN
        assert Close.SHUTDOWN.reconnect
    assert server.node.cut_off
    async with talking(server, anna, hello=False) as refused:
        assert await refused.closed() == Close.SHUTDOWN
    answers.set()
    await eventually(lambda: not server.node.cut_off)
    async with talking(server, anna) as back:
        assert (await back.ask(op="ping", ref=1))["type"] == "pong"
    looker.cancel()


async def test_a_handshake_that_waits_for_a_silent_database_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "SILENT_SECONDS", 0.1)
    anna = await aside(make_user)
    never = asyncio.Event()
    with monkeypatch.context() as silent:

        async def waits(self: Database, unit: Any, *arguments: Any) -> Any:
            await never.wait()

        silent.setattr(Database, "read", waits)
        async with talking(server, anna, hello=False) as refused:
            assert await refused.closed() == Close.SHUTDOWN


async def test_a_crowd_that_reads_does_not_make_the_look_at_the_log_wait(server: Server) -> None:
    """Else a storm of returns would look like a silent database, and everybody would be sent away once more."""
    blocked = asyncio.Event()
    loop = asyncio.get_running_loop()
    go = threading.Event()

    def slow() -> None:
        loop.call_soon_threadsafe(blocked.set)
        go.wait(30)

    reading = [asyncio.ensure_future(server.node.database.read(slow)) for _ in range(20)]
    try:
        await blocked.wait()
        async with asyncio.timeout(20):
            await server.node.delivery.look_at_log()
        assert not any(read.done() for read in reading)
    finally:
        go.set()
        await asyncio.gather(*reading)
