"""Lessons of buses and pools: a call that was given up leaves nothing for the next, and strangers' bytes are data."""

import asyncio
import json
import pickle
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.db import connection
from redis.asyncio import Redis

from klatch import limits
from klatch.errors import RateLimited
from klatch.models import Room
from klatch.realtime import announce
from klatch.realtime.hub import Hub
from klatch.relay import Envelope, channel, pack
from klatch.relay.postgres import PostgresRelay
from klatch.relay.redis import RedisRelay
from klatch.relay.remote import RemoteRelay
from klatch.relay.seal import Seal
from klatch.server.environment import read
from tests import engines
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import talking
from tests.relay.contract import LAST, Receiver, event


async def _given_up(work: Any, chance: random.Random) -> bool:
    """Start it and give it up at some moment; returns whether that came too late."""
    task = asyncio.ensure_future(work)
    for _ in range(chance.randrange(8)):
        await asyncio.sleep(0)
    task.cancel()
    done = await asyncio.gather(task, return_exceptions=True)
    return not isinstance(done[0], BaseException)


async def _bus(make: Callable[[], RemoteRelay], ask: Callable[[Any, str], Any], rounds: int) -> None:
    """Give up one publish after the other; what the line answers next must be what was asked."""
    chance = random.Random(7)
    here, there = make(), make()
    mine, theirs = Receiver(), Receiver()
    await here.start(mine.receive, mine.resync)
    await there.start(theirs.receive, theirs.resync)
    sent, kept = [], []
    try:
        for number in range(1, rounds):
            sent.append(event(number, f'"{uuid.uuid4()}"'))
            payload = Seal().close(pack(here.name, [sent[-1]]))
            if number % 5 == 0:
                await here.send(payload)
                kept.append(sent[-1])
            elif await _given_up(here.send(payload), chance):
                kept.append(sent[-1])
            marker = uuid.uuid4().hex
            assert await ask(here, marker) == marker
        here.publish(LAST)
        await theirs.until(LAST)
    finally:
        await here.stop()
        await there.stop()
    got = [envelope for envelope in theirs.envelopes if envelope not in LAST]
    assert got == sorted(got, key=lambda envelope: envelope.seq), "each came once, in order"
    assert set(kept) <= set(got) <= set(sent)
    assert len(set(got)) == len(got)


async def test_a_publish_that_is_given_up_leaves_no_answer_for_the_next_on_valkey(settings: Any) -> None:
    """Lesson 6."""
    settings.KLATCH = {"RELAY_URL": engines.valkey().url}

    async def ask(relay: RedisRelay, marker: str) -> str:
        client = relay._client or Redis.from_url(engines.valkey().url)
        answer: bytes = await client.echo(marker)
        return answer.decode()

    await _bus(RedisRelay, ask, 1_000)


async def test_a_publish_that_is_given_up_leaves_no_answer_for_the_next_on_postgresql(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lesson 6."""
    uri = engines.postgres()
    monkeypatch.setattr("klatch.relay.postgres._parameters", lambda: {"conninfo": uri})

    async def ask(relay: PostgresRelay, marker: str) -> str:
        if relay._line is None or relay._line.closed:
            return marker
        row = await (await relay._line.execute("SELECT %s::text", [marker])).fetchone()
        answer: str = row[0]
        return answer

    await _bus(PostgresRelay, ask, 80)


async def test_reads_and_writes_that_are_given_up_leave_no_result_for_others(server: Server) -> None:
    """Lesson 6."""
    chance = random.Random(7)

    def unit(marker: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [marker])
            return int(cursor.fetchone()[0])

    async def one(number: int, start: Callable[[int], Any]) -> None:
        work = asyncio.ensure_future(start(number))
        if number % 2:
            await _given_up(work, chance)
        else:
            assert await work == number

    node = server.node
    for start in (
        lambda number: node.database.read(unit, number),
        lambda number: node.writer.run(lambda: unit(number)),
    ):
        await asyncio.gather(*[one(number, start) for number in range(2_000)])


# What comes over the bus


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return Path.touch, (self.target,)


def _hostile(target: Path, room: Room, user: User) -> list[bytes]:
    words = json.dumps({"type": "message.posted", "room": room.pk, "seq": room.seq + 1, "html": "forged"})
    batch = [
        Envelope("personal", user=user.pk, text=words),
        Envelope("ephemeral", room=room.pk, text=words),
        Envelope("message.posted", room.pk, room.seq + 1, 0, words),
        Envelope("member.left", room.pk, room.seq + 1, user.pk, words),
        Envelope("rights", user=user.pk),
        Envelope("session", text="a" * 64),
        Envelope("spending", text=json.dumps({"process": "x", "taken": [["request", user.pk, 10_000]]})),
        Envelope("presence", text=json.dumps({"process": "x", "all": {str(room.pk): [99]}})),
    ]
    plain = pack("stranger", batch)
    sealed = Seal().close(plain)
    return [
        pickle.dumps(Bomb(target)),
        plain,
        b"0" * 64 + plain,
        sealed[:64] + plain.replace(b"forged", b"f0rged"),
        sealed[:-1],
        sealed + b" ",
        b"",
        b"\xff" * 200_000,
        "ключ".encode() * 40,
    ]


@pytest.fixture
def over_valkey(settings: Any) -> None:
    """Before the server starts: its relay is one of these settings."""
    settings.KLATCH = {"RELAY": "klatch.relay.redis.RedisRelay", "RELAY_URL": engines.valkey().url}


async def test_what_a_stranger_puts_on_the_bus_changes_nothing(
    over_valkey: None, server: Server, tmp_path: Path
) -> None:
    """Lesson 35: whoever reaches Valkey but has not this place's key says nothing to anybody."""
    anna, joon = await aside(make_user), await aside(make_user)
    room = await aside(make_room, anna, joon)
    async with talking(server, joon) as talk:
        await talk.rest()
        stranger = redis.Redis.from_url(engines.valkey().url)
        for payload in _hostile(tmp_path / "touched", room, joon):
            heard = stranger.publish(channel(), payload)
            assert heard == 1, "it did come to the server"
        # The same kind of thing from a process of ours is heard, and was the last on the way.
        last = [Envelope("personal", user=joon.pk, text='{"type":"from one of us"}')]
        await asyncio.to_thread(RedisRelay().publish, last)
        frames = []
        while (frame := await talk.next())["type"] != "from one of us":
            frames.append(frame)
        assert [frame for frame in frames if frame["type"] != "presence"] == []
        assert "99" not in str(frames)
        limits.check("ping", joon.pk)
        assert await talk.rest() == []
        stranger.close()
    assert not (tmp_path / "touched").exists()


def test_what_somebody_spends_in_one_process_is_spent_in_the_others(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """Lesson 35."""
    settings.KLATCH = {"REQUESTS_PER_SECOND": 0.001, "REQUESTS_BURST": 3}
    told: list[Envelope] = []

    class Recorder:
        def publish(self, envelopes: Any) -> None:
            told.extend(envelopes)

    monkeypatch.setattr(announce, "relay", Recorder)
    here, there = announce.Announcer(Hub()), announce.Announcer(Hub())
    for _ in range(3):
        limits.check("ping", 7)
    here._tell_spending()
    (spent,) = told
    # As another process hears it, whose own buckets are full.
    limits.buckets.clear()
    here.hear_spending(spent.text or "")
    limits.check("ping", 7)
    there.hear_spending(spent.text or "")
    with pytest.raises(RateLimited):
        limits.check("ping", 7)
    limits.check("ping", 8)


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("redis://127.0.0.1:6379/0", False),
        ("redis://localhost/0", False),
        ("redis://[::1]:6379", False),
        ("unix:///run/valkey.sock", False),
        ("redis://valkey:6379/0", False),
        ("redis://:secret@10.0.0.5:6379/0", False),
        ("redis://10.0.0.5:6379/0", True),
        ("rediss://valkey.example.org/0", True),
        ("redis://user@valkey.example.org/0", True),
        ("redis://[2001:db8::5]:6379", True),
    ],
)
def test_a_valkey_beyond_this_machine_without_a_password_is_spoken_of(url: str, warned: bool) -> None:
    """Lesson 35."""
    given = read({"KLATCH_RELAY_URL": url, "KLATCH_DATABASE_URL": "postgres://u@h/klatch"})
    assert bool(given.open_relay) is warned
    assert "secret" not in given.open_relay
