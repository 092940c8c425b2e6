"""People of the soak: each does whatever one can do in a chat, and holds what the specification says a client holds."""

import asyncio
import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import websockets

from klatch.client import RETRYABLE, Client, Closed, RequestError
from tests.faults.place import Place
from tests.realtime.model import Talker

AWAY = (Closed, OSError, TimeoutError, websockets.WebSocketException)


class Person:
    """``held`` is their client and its store. ``acked`` has the id of each acknowledged message by its client id."""

    def __init__(self, number: int, urls: Callable[[], list[str]], token: str) -> None:
        self.number, self._urls, self._token = number, urls, token
        self.chance = random.Random(number)
        self.acked: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.returns = self.resets = 0
        self.held: Talker

    async def come(self) -> None:
        self.held = await self.anew()

    async def anew(self) -> Talker:
        """The same person on another device that knows nothing yet."""
        async with asyncio.timeout(20):
            while True:
                client = Client(self.chance.choice(self._urls()), token=self._token)
                try:
                    await client.connect()
                except AWAY:
                    # A process that has just seen its database taken over sends everybody away once.
                    await client.abort()
                    await asyncio.sleep(0.2)
                else:
                    # Whose it is only tests within the server's process ask.
                    return Talker(None, client)  # type: ignore[arg-type]

    async def come_back(self) -> None:
        self.returns += 1
        while True:
            client = self.held.client
            with suppress(*AWAY):
                await client.abort()
            client.url = f"ws{self.chance.choice(self._urls()).removeprefix('http')}/ws/"
            try:
                async with asyncio.timeout(20):
                    await client.connect()
                await self.held.catch_up()
            except (*AWAY, RequestError):
                await asyncio.sleep(0.2 + self.chance.random() * 0.3)
            else:
                return

    async def live(self, calm: asyncio.Event, rooms: list[int], pace: float) -> None:
        """One thing after the other, for as long as it is not ``calm``."""
        while not calm.is_set():
            what = self.chance.choice(DEEDS)
            try:
                async with asyncio.timeout(15):
                    await self._do(what, rooms)
                    await self.held.catch_up()
            except RequestError as refused:
                what = f"{what}: {refused.code}"
            except AWAY:
                await self.come_back()
            self.done[what] = self.done.get(what, 0) + 1
            await asyncio.sleep(self.chance.random() * 2 * pace)

    async def _do(self, what: str, rooms: list[int]) -> None:
        ask, store, chance = self.held.ask, self.held.store, self.chance
        room = chance.choice(rooms)
        messages = list(store.messages.get(room, {}).values())[-40:]
        message = chance.choice(messages) if messages else None
        people = list((store.members.get(room) or {}).keys())
        if what in ("post", "reply"):
            await self._post(room, message["id"] if message and what == "reply" else None)
        elif what in ("edit", "delete") and message:
            mine = [each for each in messages if (each["author"] or {}).get("id") == store.you["id"]]
            fields = {"body": f"edited by {self.number} {chance.random()}"} if what == "edit" else {}
            if mine:
                await ask(what, message=chance.choice(mine)["id"], **fields)
        elif what == "react" and message:
            await ask(what, message=message["id"], emoji=chance.choice("🎉👍🚀"), on=chance.random() < 0.6)
        elif what in ("join", "leave"):
            # Who owns a room stays: else it would be nobody's.
            if what == "join" or store.rooms.get(room, {}).get("role") != "owner":
                await ask(what, room=room)
        elif what == "remove" and people:
            await ask(what, room=room, user=chance.choice(people))
        elif what == "rename":
            await ask("update", room=room, name=f"room {room} {chance.randrange(1000)}")
        elif what == "read" and room in store.rooms:
            await ask(what, room=room, position=store.rooms[room]["count"])
        elif what == "search":
            await ask(what, q="word")
        elif what == "drop":
            await self.held.client.abort()
            await asyncio.sleep(chance.random() * 2)
            await self.come_back()

    async def _post(self, room: int, reply_to: int | None) -> None:
        """Until it is acknowledged or refused for good, over whatever happens to the line."""
        key, body = (
            str(uuid.uuid4()),
            f"word {self.number} {len(self.acked)} «привет» 上海 " + "… " * self.chance.randrange(60),
        )
        while True:
            try:
                async with asyncio.timeout(10):
                    ack = await self.held.ask("post", room=room, client_id=key, body=body, reply_to=reply_to)
            except RequestError as refused:
                if refused.code != "unavailable":
                    raise
                await asyncio.sleep(0.2)
            except AWAY:
                await self.come_back()
            else:
                self.acked[key] = ack["id"]
                return

    async def settle(self, heads: Callable[[int], dict[int, int]], seconds: float = 30) -> None:
        """Until this client knows the head of each of its rooms, and of no other."""
        known = await asyncio.to_thread(heads, self.held.store.you["id"])
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await self.held.catch_up()
                    # What a client knows that is cut off may be of a log that is no more.
                    if self.held.client._reader is None or self.held.client._reader.done():
                        raise Closed(1006)
                    if self.held.knows(known):
                        return
                except AWAY:
                    await self.come_back()
                except RequestError as refused:
                    if refused.code not in RETRYABLE:
                        raise
                await asyncio.sleep(0.02)


async def same_as_afresh(person: Person, heads: Callable[[int], dict[int, int]]) -> None:
    """What this person's client holds is what a client holds that has just loaded everything."""
    held, person.held = person.held, await person.anew()
    await person.settle(heads)
    fresh = person.held.state()
    await person.held.client.close()
    person.held = held
    assert not (found := list(differences(held.state(), fresh))), (person.number, found[:5])


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), f"{where}/{key}")
    elif one != other:
        yield f"{where}: {one!r:.200} is not {other!r:.200}"


def heads(here: Place, user: int) -> dict[int, int]:
    sql = "SELECT room_id, seq FROM klatch_membership m JOIN klatch_room r ON r.id = room_id WHERE m.user_id = ?"
    return {row[0]: row[1] for row in here.ask(sql, user)}


def stored_messages(here: Place) -> dict[str, int]:
    return {str(uuid.UUID(str(row[0]))): row[1] for row in here.ask("SELECT client_id, id FROM klatch_message")}


DEEDS = (
    *["post"] * 10, *["reply"] * 2, *["edit"] * 3, *["react"] * 4, *["read"] * 2, *["join"] * 3,
    "delete", "leave", "remove", "rename", "search", "drop",
)  # fmt: skip
