"""A server that is killed in the middle of everything has lost nothing that it acknowledged."""

import asyncio
import itertools
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from klatch import client as clients
from klatch.client import Client, Closed
from tests.server.process import PASSWORD, Server

ROUNDS = 3
ACKS_A_ROUND = 60
WORDS = "слово № 7 – “quoted” \\ 👩‍👩‍👧 <b>&amp;</b>"


class Poster:
    """Posts one message after the other until told to stop; over every restart, each until it is acknowledged."""

    def __init__(self, client: Client, room: int) -> None:
        self.client, self.room = client, room
        self.acks: dict[str, dict[str, Any]] = {}
        self.stop = False

    async def run(self, acknowledged: Callable[[], None]) -> None:
        for number in itertools.count():
            if self.stop:
                return
            key = uuid.uuid4()
            body = f"{number} {key} {WORDS}"
            self.acks[body] = await self.client.post(self.room, body, client_id=key)
            acknowledged()


class Reader:
    """Follows a room over every restart; ``heard`` has each event as it was handed on."""

    def __init__(self, client: Client, room: int) -> None:
        self.client, self.room = client, room
        self.heard: list[dict[str, Any]] = []
        self.resumed = 0

    async def run(self) -> None:
        while True:
            try:
                frame = await self.client.next()
            except Closed:
                await self.client.reconnect()
                self.resumed += 1
                continue
            if frame.get("room") == self.room and "at" in frame:
                self.heard.append(frame)
            assert frame["type"] != "reset"


def open_place(folder: Path) -> tuple[Server, str]:
    """A running server and a token of its owner."""
    server = Server(folder / "data", KLATCH_RATE_LIMIT="off")
    account = ("rosa", "--email", "rosa@example.org", "--owner", "--password-file", "-")
    made = server.klatch("create-user", *account, stdin=PASSWORD)
    assert made.returncode == 0, made.stderr
    token = server.klatch("token", "rosa").stdout.strip()
    return server.start(), token


async def whole_history(client: Client, room: int) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while True:
        after = messages[-1]["position"] if messages else 0
        page = await client.request("history", room=room, after=after, limit=100)
        messages += page["messages"]
        if page["end"]:
            return messages


async def test_a_server_killed_while_people_post_loses_no_acknowledged_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "BACK_OFF", (0.1, 0.2, 0.4))
    server, token = await asyncio.to_thread(open_place, tmp_path)
    talking = [Client(server.url, token=token) for _ in range(4)]
    for client in talking:
        await client.connect()
    (room,) = talking[0].rooms
    posters, reader = [Poster(client, room) for client in talking[:3]], Reader(talking[3], room)
    before = talking[3].rooms[room]["seq"]
    enough, count = asyncio.Event(), itertools.count(1)
    target = ACKS_A_ROUND

    def acknowledged() -> None:
        if next(count) >= target:
            enough.set()

    reading = asyncio.create_task(reader.run())
    posting = [asyncio.create_task(poster.run(acknowledged)) for poster in posters]
    try:
        async with asyncio.timeout(90):
            for number in range(1, ROUNDS + 1):
                await enough.wait()
                # In the middle of it: all of them have a message under way.
                assert await asyncio.to_thread(server.stop, signal.SIGKILL) == -signal.SIGKILL
                target = ACKS_A_ROUND * (number + 1)
                enough.clear()
                await asyncio.to_thread(server.start)
            await enough.wait()
            for poster in posters:
                poster.stop = True
            await asyncio.gather(*posting)

            async with Client(server.url, token=token) as fresh:
                stored = await whole_history(fresh, room)
                head = fresh.rooms[room]["seq"]
            while not reader.heard or reader.heard[-1]["seq"] < head:
                await asyncio.wait([reading], timeout=0.02)
                assert not reading.done()
    finally:
        for task in (reading, *posting):
            task.cancel()
        await asyncio.gather(reading, *posting, return_exceptions=True)
        for client in talking:
            await client.abort()
        await asyncio.to_thread(server.stop)

    acks = {body: ack for poster in posters for body, ack in poster.acks.items()}
    assert len(acks) >= ACKS_A_ROUND * (ROUNDS + 1)
    # Everything acknowledged is there, once, as it was written, where the ack said; and nothing else is.
    assert sorted(message["body"] for message in stored) == sorted(acks)
    for message in stored:
        ack = acks[message["body"]]
        assert (message["id"], message["seq"], message["position"]) == (ack["id"], ack["seq"], ack["position"])
    assert [message["position"] for message in stored] == list(range(1, len(stored) + 1))
    # Who followed all the time heard everything once, in order, over every restart.
    assert reader.resumed >= ROUNDS
    assert [frame["seq"] for frame in reader.heard] == list(range(before + 1, head + 1))
    assert [frame["message"]["body"] for frame in reader.heard] == [message["body"] for message in stored]
