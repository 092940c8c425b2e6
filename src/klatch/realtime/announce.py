"""Short-lived facts for those who follow a room: who is online, who types. Best effort, never stored."""

import asyncio
import time
from collections import OrderedDict

from klatch import protocol
from klatch.presence import presence
from klatch.realtime.hub import Hub
from klatch.relay import Envelope, relay
from klatch.serialize import ONLINE_LISTED

TICK = 1.0  # changes within it are told together
GRACE = 4.0  # a reload is not a departure
TYPING_AGAIN = 2.5  # seconds until the same person's typing is passed on again
TYPISTS = 10_000


class Announcer:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._changes: dict[int, dict[int, bool]] = {}
        self._leaving: list[tuple[float, int, int]] = []
        self._typed: OrderedDict[tuple[int, int], float] = OrderedDict()

    def enter(self, room: int, user: int) -> None:
        """A connection of ``user`` follows ``room``."""
        if presence.enter(room, user):
            self._changes.setdefault(room, {})[user] = True

    def leave(self, room: int, user: int) -> None:
        """It does not any more, for good."""
        if presence.leave(room, user):
            self._changes.setdefault(room, {})[user] = False

    def leave_soon(self, room: int, user: int) -> None:
        """It is gone, perhaps only to come back; ``room`` 0 stands for the connection itself."""
        self._leaving.append((time.monotonic() + GRACE, room, user))

    def typing(self, room: int, user: protocol.User) -> None:
        """Tell everybody in the room, in every process; at most once in a few seconds."""
        now = time.monotonic()
        key = (room, user["id"])
        if now - self._typed.pop(key, -TYPING_AGAIN) >= TYPING_AGAIN:
            text = protocol.encode({"type": "typing", "room": room, "user": user})
            relay().publish([Envelope("ephemeral", room=room, text=text)])
            self._typed[key] = now
            if len(self._typed) > TYPISTS:
                self._typed.popitem(last=False)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.tick(time.monotonic())

    def tick(self, now: float) -> None:
        """Let those go whose time is up, then tell each room what changed."""
        due = [entry for entry in self._leaving if entry[0] <= now]
        if due:
            self._leaving = [entry for entry in self._leaving if entry[0] > now]
        for _, room, user in due:
            if room:
                self.leave(room, user)
            else:
                presence.disconnect(user)
        changes, self._changes = self._changes, {}
        for room, people in changes.items():
            # As it is now: who came and went within the tick is no news.
            there = set(presence.online_in(room))
            listed = len(there) <= ONLINE_LISTED
            frame = {
                "type": "presence",
                "room": room,
                "online": len(there),
                "on": sorted(user for user in people if user in there) if listed else None,
                "off": sorted(user for user in people if user not in there) if listed else None,
            }
            self._hub.whisper(room, protocol.encode(frame))
