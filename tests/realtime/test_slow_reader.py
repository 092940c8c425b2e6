"""Somebody who does not read what is sent to them is let go, and nobody else notices."""

import asyncio
import json
from typing import Any

import pytest

from klatch.actions import messages
from klatch.realtime import pacer, socket
from klatch.relay import Envelope
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import eventually, talking

BIG = "x" * 100_000
LIMIT = 300_000


async def test_a_reader_who_stops_reading_is_cut_after_a_while_within_its_bound_and_comes_back_complete(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KLATCH = {"OUTBOX_BYTES": LIMIT}
    monkeypatch.setattr(pacer, "STUCK_SECONDS", 0.3)
    anna, joon = await aside(make_user), await aside(make_user)
    room = await aside(make_room, anna, joon)
    hub = server.node.hub
    async with talking(server, anna) as quick, talking(server, joon) as stuck:
        (connection,) = hub.users[joon.pk]
        stuck.socket.transport.pause_reading()
        sent = 0
        # Through the hub alone: what counts here are bytes, more than the sockets between us can hold.
        while connection.open and sent < 5_000:
            hub.deliver(Envelope("message.posted", room.pk, 10_000 + sent, 0, json.dumps({"type": "big", "x": BIG})))
            hub.flush()
            sent += 1
            assert connection._waiting_bytes <= LIMIT + len(BIG) + 100
            await quick.until("big")
        assert not connection.open
        await eventually(lambda: joon.pk not in hub.users)
        assert (await quick.ask(op="ping", ref=1))["type"] == "pong"
    known = room.seq
    async with talking(server, joon, hello=False) as back:
        message = await aside(messages.post, room.pk, anna, "you missed me")
        epoch = (await back.hello())["epoch"]
    async with talking(server, joon, hello=False) as again:
        await again.hello(epoch, {room.pk: known})
        assert [frame["message"]["id"] for frame in again.missed] == [message.pk]


async def test_a_client_that_asks_without_waiting_is_read_no_faster_than_it_is_answered(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KLATCH = {"RATE_LIMIT": False}
    monkeypatch.setattr(socket, "UNANSWERED", 8)
    anna = await aside(make_user)
    room = await aside(make_room, anna)
    begun: list[object] = []
    go = asyncio.Event()
    read = socket.Socket._read

    async def slow(self: socket.Socket, *how: Any) -> Any:
        begun.append(how)
        await go.wait()
        return await read(self, *how)

    monkeypatch.setattr(socket.Socket, "_read", slow)
    async with talking(server, anna) as talk, talking(server, anna) as other:
        for number in range(40):
            await talk.send(op="members", ref=number, room=room.pk)
        await eventually(lambda: len(begun) == 8)
        assert (await other.ask(op="ping", ref=1))["type"] == "pong"
        assert len(begun) == 8
        go.set()
        answered = {(await talk.until("members"))["ref"] for _ in range(40)}
        assert answered == set(range(40))
