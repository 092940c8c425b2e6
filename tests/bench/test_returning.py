"""Clients that come back: what they remember, what they send again, and what they would not overlook."""

import asyncio
import json
import random
from collections.abc import AsyncIterator

import pytest
from bench.crowd import Crowd
from bench.peers.ceiling_server import Connection, Room
from bench.peers.klatch_dialect import KlatchDialect
from bench.peers.socketio import SocketioDialect
from bench.returning import Returning, back_off


def session() -> object:
    return KlatchDialect(1, rooms=[7], tokens=["", ""]).session(1)


def frame(*events: dict[str, object]) -> bytes:
    return json.dumps(events).encode()


def welcome(seq: int) -> dict[str, object]:
    return {"type": "welcome", "epoch": "e", "rooms": [{"id": 7, "seq": seq}]}


def posted(seq: int, serial: int) -> dict[str, object]:
    return {"type": "message.posted", "room": 7, "seq": seq, "actor": None, "message": {"body": f"m{serial:08d} hello"}}


def test_a_session_resumes_after_the_last_number_that_it_applied() -> None:
    client = session()
    assert json.loads(client.steps()[0][0])["rooms"] == {}
    client.heard(frame(welcome(41)))
    assert client.heard(frame(posted(42, 0), posted(43, 1))) == [0, 1]
    hello = json.loads(client.steps()[0][0])
    assert (hello["epoch"], hello["rooms"]) == ("e", {"7": 43})


def test_what_comes_again_is_dropped_and_counted() -> None:
    client = session()
    client.heard(frame(welcome(41)))
    assert client.heard(frame(posted(42, 0))) == [0]
    assert client.heard(frame(posted(42, 0), posted(43, 1))) == [1]
    assert client.repeated == 1


def test_the_rooms_of_a_second_welcome_do_not_hide_what_is_missing() -> None:
    client = session()
    client.heard(frame(welcome(41)))
    assert client.heard(frame(welcome(43), posted(42, 0), posted(43, 1))) == [0, 1]


@pytest.mark.parametrize("fault", [posted(44, 0), {"type": "reset", "room": 7, "seq": 44}], ids=["hole", "reset"])
def test_a_hole_and_a_reset_end_the_run_loudly(fault: dict[str, object]) -> None:
    client = session()
    client.heard(frame(welcome(41)))
    with pytest.raises(ValueError, match="44"):
        client.heard(frame(fault))


def test_an_ack_is_not_taken_for_an_event() -> None:
    client = session()
    client.heard(frame(welcome(41)))
    assert client.heard(frame({"type": "ack", "ref": 0, "room": 7, "seq": 42, "id": 1})) == []
    assert client.heard(frame(posted(42, 0))) == [0]


def test_a_socket_io_client_recovers_from_its_last_offset() -> None:
    client = SocketioDialect(1, rooms=1, recovers=True).session(0)
    client.heard(b'40{"sid":"s","pid":"private"}')
    assert client.steps()[0][0] == b"40"
    assert client.heard(b'42["message","m00000003 did you see","offset9"]') == [3]
    assert client.steps()[0][0] == b'40{"pid": "private", "offset": "offset9"}'


def test_the_pauses_are_those_of_the_protocol() -> None:
    assert [back_off(attempt, 1.0) for attempt in range(8)] == [0.5, 1, 2, 2, 4, 8, 15, 15]
    assert back_off(2, 0.0) == 1.0


@pytest.fixture
async def port() -> AsyncIterator[int]:
    room = Room()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(room), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for member in room.members:
            member.transport.abort()


class Forgetful(KlatchDialect):
    """The control server knows no resume: neither does this client."""

    def session(self, member: int) -> object:
        return super(KlatchDialect, self).session(member)


@pytest.mark.parametrize("first", ["cut", "post"])
async def test_a_client_that_is_cut_comes_back_and_sends_what_was_not_answered(port: int, first: str) -> None:
    client = Returning(Forgetful(port, [1], [""]), 0, random.Random(1), lambda serials, caught_up: None)
    client.start()
    await Crowd.until(lambda: client.joined, patience=10)
    if first == "post":
        client.post(0)
    client.cut()
    if first == "cut":
        client.post(0)
    await Crowd.until(lambda: bool(client.receipts), patience=10)
    client.stop()
    assert len(client.returns) == 2
    assert (set(client.receipts), client.tally.count) == ({0}, 1)
