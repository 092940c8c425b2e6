"""People as the specification describes a client: a store moved on by frames, over a line that comes and goes."""

import asyncio
import copy
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User

from klatch.client import Client, Closed, RequestError
from klatch.models import Membership
from tests.conftest import Server, aside
from tests.store import Store

SECONDS = 20


class Talker:
    """One person with one client and what it knows. ``heard`` keeps the numbered events as they were applied."""

    def __init__(self, user: User, client: Client) -> None:
        self.user, self.client = user, client
        self.store = Store(client.you, [])
        self.heard: dict[int, list[dict[str, Any]]] = {}
        self._stale: set[int] = set()
        self._welcomed: dict[int, dict[str, Any]] = {}
        self.away = False

    @classmethod
    async def join(cls, server: Server, user: User) -> "Talker":
        return cls(user, await server.connect(user))

    async def drop(self) -> None:
        """The network is gone, without a word."""
        self.away = True
        await self.client.abort()

    async def back(self) -> None:
        if self.away:
            self.away = False
            await self.client.connect()

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        return await self.client.request(op, **fields)

    async def catch_up(self) -> None:
        """Apply all that has come, and load the history of what is new."""
        while not self.client.frames.empty():
            frame = self.client.frames.get_nowait()
            if not isinstance(frame, Closed):
                self._apply(frame)
        for room in sorted(self._stale & self.store.rooms.keys()):
            try:
                await self._load(room)
            except RequestError as refused:
                # No longer theirs; that news is still on its way.
                if refused.code != "not_found":
                    raise
            else:
                self._stale.discard(room)
        self._stale &= self.store.rooms.keys()

    def _apply(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            self._welcome(frame["rooms"])
            return
        if frame["type"] in ("room.added", "reset"):
            room = frame["room"]["id"] if frame["type"] == "room.added" else frame["room"]
            self._stale.add(room)
            self.heard.pop(room, None)
        if frame["type"] == "reset" and self._welcomed.get(frame["room"], {}).get("seq") == frame["seq"]:
            # What is thrown away with a reset is the room, too: the welcome says what it is now.
            self.store.apply({"type": "room.added", "room": copy.deepcopy(self._welcomed[frame["room"]])})
        if self.store.apply(frame) and "seq" in frame and "at" in frame:
            self.heard.setdefault(frame["room"], []).append(frame)

    def _welcome(self, rooms: Iterable[dict[str, Any]]) -> None:
        welcome = self._welcomed = {room["id"]: room for room in rooms}
        for room in self.store.rooms.keys() - welcome.keys():
            self.store.forget(room)
            self.heard.pop(room, None)
        for room in welcome.keys() - self.store.rooms.keys():
            self.store.apply({"type": "room.added", "room": copy.deepcopy(welcome[room])})
            self._stale.add(room)

    async def _load(self, room: int) -> None:
        after = 0
        while True:
            page = await self.ask("history", room=room, after=after, limit=100)
            self.store.load(page)
            if page["end"]:
                break
            after = page["messages"][-1]["position"]
        self.store.load_members(await self.ask("members", room=room))

    def knows(self, heads: dict[int, int]) -> bool:
        return {room: held["seq"] for room, held in self.store.rooms.items()} == heads

    def state(self) -> dict[str, Any]:
        """Without what is told best effort."""
        state = self.store.state()
        for room in state["rooms"].values():
            del room["read"]
        return state


def heads_of(user: User) -> dict[int, int]:
    return dict(Membership.objects.filter(user=user).values_list("room_id", "room__seq"))


async def settled(*talkers: Talker) -> None:
    """Wait until everybody knows the head of every room of theirs, and of no other. Fails where somebody never does."""
    for talker in talkers:
        heads = await aside(heads_of, talker.user)
        try:
            async with asyncio.timeout(SECONDS):
                await talker.catch_up()
                while not talker.knows(heads):
                    await asyncio.sleep(0.01)
                    await talker.catch_up()
        except TimeoutError:
            known = {room: held["seq"] for room, held in talker.store.rooms.items()}
            raise AssertionError(f"{talker.user} knows {known} of {heads}") from None


async def fresh(server: Server, user: User) -> dict[str, Any]:
    """What a client knows that connects for the first time and loads everything."""
    talker = await Talker.join(server, user)
    await settled(talker)
    await talker.client.close()
    return talker.state()
