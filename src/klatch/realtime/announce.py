"""Short-lived facts for those who follow a room: who is online, who types. Best effort, never stored.

Also tells the other processes who is online here and what people spent of their rate limits, and hears it from them.
"""

import asyncio
import json
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable

from klatch import limits, protocol
from klatch.presence import PLACE, presence
from klatch.realtime.hub import Hub
from klatch.relay import Envelope, relay
from klatch.serialize import ONLINE_LISTED

logger = logging.getLogger("klatch.announce")

TICK = 1.0  # changes within it are told together
GRACE = 4.0  # a reload is not a departure
TELL_ALL = 8.0  # how often a process tells the others everything
SILENT = 20.0  # a process that said nothing for so long is gone
TYPING_AGAIN = 2.5  # seconds until the same person's typing is passed on again
TYPISTS = 10_000


class Announcer:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._process = secrets.token_hex(8)
        self._changes: dict[int, set[int]] = {}  # of this process, for everybody
        self._news: dict[int, set[int]] = {}  # of other processes, for our own followers
        self._leaving: list[tuple[float, int, int]] = []
        self._typed: OrderedDict[tuple[int, int], float] = OrderedDict()
        self._told_all = 0.0

    def connect(self, user: int) -> None:
        self.enter(PLACE, user)

    def enter(self, room: int, user: int) -> None:
        """A connection of ``user`` follows ``room``."""
        if presence.enter(room, user):
            self._changes.setdefault(room, set()).add(user)

    def leave(self, room: int, user: int) -> None:
        """It does not any more, for good."""
        if presence.leave(room, user):
            self._changes.setdefault(room, set()).add(user)

    def leave_soon(self, room: int, user: int) -> None:
        """It is gone, perhaps only to come back."""
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
            try:
                self.tick(time.monotonic())
            except Exception:
                logger.exception("Who is online could not be told; the next tick tries again")

    def tick(self, now: float) -> None:
        """Let those go whose time is up, then tell each room, and the other processes, what changed."""
        due = [entry for entry in self._leaving if entry[0] <= now]
        if due:
            self._leaving = [entry for entry in self._leaving if entry[0] > now]
        for _, room, user in due:
            self.leave(room, user)
        changes, self._changes = self._changes, {}
        if not relay().alone:
            self._tell_others(changes, now)
            self._tell_spending()
            self._note(presence.forget_silent(now - SILENT))
        news, self._news = self._news, {}
        for room in changes.keys() | news.keys():
            if room != PLACE:
                self._tell_room(room, changes.get(room, set()) | news.get(room, set()))

    def hear(self, text: str) -> None:
        """Another process, or our own echo, says who is online there."""
        told = json.loads(text)
        if told["process"] == self._process:
            return
        now = time.monotonic()
        if told["all"] is not None:
            self._note(presence.all_elsewhere(told["process"], _by_number(told["all"]), now))
        else:
            came, went = _by_number(told["on"]), _by_number(told["off"])
            changes = {
                room: {**dict.fromkeys(went.get(room, ()), False), **dict.fromkeys(came.get(room, ()), True)}
                for room in came.keys() | went.keys()
            }
            presence.changed_elsewhere(told["process"], changes, now)
            self._note({room: set(people) for room, people in changes.items()})

    def hear_spending(self, text: str) -> None:
        """Another process, or our own echo, says what people spent there."""
        told = json.loads(text)
        if told["process"] != self._process:
            limits.charge((str(kind), int(user), int(count)) for kind, user, count in told["taken"])

    def _tell_spending(self) -> None:
        taken = limits.buckets.taken()
        if taken:
            text = protocol.encode({"process": self._process, "taken": taken})
            relay().publish([Envelope("spending", text=text)])

    def _note(self, news: dict[int, set[int]]) -> None:
        for room, people in news.items():
            self._news.setdefault(room, set()).update(people)

    def _tell_others(self, changes: dict[int, set[int]], now: float) -> None:
        told: dict[str, object] = {"process": self._process, "all": None}
        if now - self._told_all >= TELL_ALL:
            self._told_all = now
            told["all"] = presence.here()
        elif changes:
            here = presence.here()
            told["on"] = {room: _within(people, here.get(room, ())) for room, people in changes.items()}
            told["off"] = {room: sorted(people - set(here.get(room, ()))) for room, people in changes.items()}
        else:
            return
        relay().publish([Envelope("presence", text=protocol.encode(told))])

    def _tell_room(self, room: int, people: set[int]) -> None:
        # As it is now: who came and went within the tick is no news.
        there = set(presence.online_in(room))
        listed = len(there) <= ONLINE_LISTED
        frame = {
            "type": "presence",
            "room": room,
            "online": len(there),
            "on": _within(people, there) if listed else None,
            "off": sorted(people - there) if listed else None,
        }
        self._hub.whisper(room, protocol.encode(frame))


def _within(people: set[int], there: Iterable[int]) -> list[int]:
    return sorted(people & set(there))


def _by_number(rooms: dict[str, list[int]]) -> dict[int, list[int]]:
    return {int(room): people for room, people in rooms.items()}
