"""One client id is one message, whoever asks, however often, wherever and whenever: checks 17, 18 and 19."""

import asyncio
import json
import uuid
from contextlib import AsyncExitStack

from klatch.client import Client
from tests.faults.place import Place
from tests.faults.storms import Start, note


async def clients(stack: AsyncExitStack, place: Place, person: int, each: int = 2) -> list[Client]:
    """This person's sockets: so many on each process."""
    token = place.tokens[person]
    return [await stack.enter_async_context(Client(url, token=token)) for url in place.urls for _ in range(each)]


def rows(place: Place, key: str) -> int:
    given = uuid.UUID(key)
    value = given.hex if place.kind == "sqlite" else str(given)
    return int(place.ask("SELECT count(*) FROM klatch_message WHERE client_id = ?", value)[0][0])


async def test_check_17_a_hundred_times_the_same_id_at_once_is_one_message(place: Start) -> None:
    here = await asyncio.to_thread(place)
    async with AsyncExitStack() as stack:
        mine = await clients(stack, here, 0)
        (other, *_) = await clients(stack, here, 1)
        rounds = 10
        for _ in range(rounds):
            key = str(uuid.uuid4())
            asked = [
                one.request("post", room=here.room, client_id=key, body="once")
                for one in mine
                for _ in range(100 // len(mine))
            ]
            asked.insert(50, other.request("post", room=here.room, client_id=key, body="mine"))
            acks = await asyncio.gather(*asked)
            theirs = acks.pop(50)
            same = {json.dumps({**ack, "ref": 0}, sort_keys=True) for ack in acks}
            assert len(acks) == 100
            assert len(same) == 1, same
            assert theirs["id"] != acks[0]["id"]
            assert await asyncio.to_thread(rows, here, key) == 2
    note(here, rounds=rounds, sends=rounds * 101)


async def test_check_18_the_same_id_with_other_words_is_the_first_message(place: Start) -> None:
    here = await asyncio.to_thread(place)
    async with AsyncExitStack() as stack:
        mine = await clients(stack, here, 0)
        for number in range(50):
            key = str(uuid.uuid4())
            bodies = [f"{number} said in socket {socket}" for socket in range(len(mine))]
            acks = await asyncio.gather(*[
                one.request("post", room=here.room, client_id=key, body=body)
                for one, body in zip(mine, bodies, strict=True)
            ])  # fmt: skip
            assert len({(ack["id"], ack["seq"], ack["position"]) for ack in acks}) == 1
            first = (await asyncio.to_thread(here.stored))[key]["body"]
            again = await mine[-1].request("post", room=here.room, client_id=key, body="something else")
            assert again["id"] == acks[0]["id"]
            assert (await asyncio.to_thread(here.stored))[key]["body"] == first in bodies
            assert await asyncio.to_thread(rows, here, key) == 1
    note(here, rounds=50, sends=50 * (len(mine) + 1))


async def test_check_19_a_retry_after_a_week_and_a_cleared_log_is_the_same_message(place: Start) -> None:
    here = await asyncio.to_thread(place)
    async with AsyncExitStack() as stack:
        mine = await clients(stack, here, 0)
        keys = [str(uuid.uuid4()) for _ in range(20)]
        first = [await mine[0].request("post", room=here.room, client_id=key, body=f"of {key}") for key in keys]
        week_ago = "datetime('now', '-7 days')" if here.kind == "sqlite" else "now() - interval '7 days'"
        await asyncio.to_thread(here.ask, f"UPDATE klatch_message SET at = {week_ago} WHERE room_id = ?", here.room)
        await asyncio.to_thread(here.ask, "DELETE FROM klatch_event WHERE room_id = ?", here.room)
        for server in here.servers:
            await asyncio.to_thread(server.restart)
    async with AsyncExitStack() as stack:
        for one in await clients(stack, here, 0):
            for key, known in zip(keys, first, strict=True):
                ack = await one.request("post", room=here.room, client_id=key, body=f"of {key}")
                assert {**ack, "ref": 0} == {**known, "ref": 0}
        for key in keys:
            assert await asyncio.to_thread(rows, here, key) == 1
    note(here, retries=len(keys) * len(here.servers) * 2)
