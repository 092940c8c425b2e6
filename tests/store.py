"""A model client: what a program that follows the specification holds, made from replies and moved on by frames.

Written from ``docs/reference/protocol.md`` alone, so that it can judge both the engine and the browser's store.
"""

import copy
import json
from collections.abc import Sequence
from typing import Any

from klatch.relay import Envelope


class RecordingRelay:
    """Keeps what is published, in the order of the commits."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        self.published.extend(envelopes)

    async def start(self, receive: Any, resync: Any) -> None: ...

    async def stop(self) -> None: ...

    def take(self) -> list[Envelope]:
        taken, self.published = self.published, []
        return taken


class Gap(AssertionError):
    """A number is missing: the specification promises that this never happens."""


class Store:
    """Rooms by id as ``MyRoom``, and of each its messages by id and its members' roles by id."""

    def __init__(self, you: dict[str, Any], rooms: Sequence[dict[str, Any]]) -> None:
        self.you = you
        self.rooms = {room["id"]: copy.deepcopy(room) for room in rooms}
        self.messages: dict[int, dict[int, dict[str, Any]]] = {key: {} for key in self.rooms}
        self.members: dict[int, dict[int, str] | None] = dict.fromkeys(self.rooms)
        self.added: set[int] = set()

    def load(self, page: dict[str, Any]) -> None:
        held = self.messages[page["room"]]
        for message in page["messages"]:
            if message["id"] not in held or message["rev"] >= held[message["id"]]["rev"]:
                held[message["id"]] = copy.deepcopy(message)

    def load_members(self, page: dict[str, Any]) -> None:
        known = self.members[page["room"]] or {}
        self.members[page["room"]] = known | {row["user"]["id"]: row["role"] for row in page["members"]}

    def apply(self, frame: dict[str, Any]) -> bool:
        """Returns whether the frame was news."""
        kind = frame["type"]
        if kind == "read":
            if frame["room"] in self.rooms:
                self.rooms[frame["room"]]["read"] = frame["position"]
            return True
        if kind == "room.added":
            self.rooms[frame["room"]["id"]] = copy.deepcopy(frame["room"])
            self.messages[frame["room"]["id"]] = {}
            self.members[frame["room"]["id"]] = None
            return True
        if kind == "room.removed":
            self.forget(frame["room"])
            return True
        if kind == "reset":
            room = self.rooms[frame["room"]]
            room["seq"] = frame["seq"]
            self.messages[frame["room"]], self.members[frame["room"]] = {}, None
            return True
        if "seq" not in frame:
            return False
        return self._numbered(frame)

    def forget(self, room: int) -> None:
        for part in (self.rooms, self.messages, self.members):
            part.pop(room, None)

    def _numbered(self, frame: dict[str, Any]) -> bool:
        room = self.rooms.get(frame["room"])
        if room is None:
            if frame["type"] == "member.joined" and frame["user"]["id"] == self.you["id"]:
                self.added.add(frame["room"])
            return False
        if frame["seq"] <= room["seq"]:
            return False
        if frame["seq"] != room["seq"] + 1:
            raise Gap(f"room {room['id']}: {room['seq']} → {frame['seq']}")
        room["seq"] = frame["seq"]
        family, _, what = frame["type"].partition(".")
        getattr(self, f"_{family}")(room, what, frame)
        return True

    def _message(self, room: dict[str, Any], what: str, frame: dict[str, Any]) -> None:
        message = copy.deepcopy(frame["message"])
        held = self.messages[room["id"]]
        if message["id"] not in held or message["rev"] >= held[message["id"]]["rev"]:
            held[message["id"]] = message
        if what == "posted":
            room["count"] = max(room["count"], message["position"])
            room["at"] = message["at"]
            if message["author"] is not None and message["author"]["id"] == self.you["id"]:
                room["read"] = message["position"]
        if what == "deleted":
            for other in held.values():
                if other["reply_to"] is not None and other["reply_to"]["id"] == message["id"]:
                    other["reply_to"] |= {"excerpt": "", "deleted": True}

    def _reaction(self, room: dict[str, Any], what: str, frame: dict[str, Any]) -> None:
        message = self.messages[room["id"]].get(frame["message_id"])
        if message is None or frame["seq"] < message["rev"]:
            return
        groups = {group["emoji"]: list(group["users"]) for group in message["reactions"]}
        users = groups.setdefault(frame["emoji"], [])
        if what == "added" and frame["user_id"] not in users:
            users.append(frame["user_id"])
        if what == "removed" and frame["user_id"] in users:
            users.remove(frame["user_id"])
        message["reactions"] = [{"emoji": emoji, "users": who} for emoji, who in groups.items() if who]
        message["rev"] = frame["seq"]

    def _member(self, room: dict[str, Any], what: str, frame: dict[str, Any]) -> None:
        user = frame["user"]["id"]
        known = self.members[room["id"]]
        if what == "left":
            room["members"] -= 1
            if known is not None:
                known.pop(user, None)
            if user == self.you["id"]:
                self.forget(room["id"])
            return
        if what == "joined":
            room["members"] += 1
        if known is not None:
            known[user] = frame["role"]
        if user == self.you["id"]:
            room["role"] = frame["role"]

    def _room(self, room: dict[str, Any], what: str, frame: dict[str, Any]) -> None:
        for key in ("name", "description", "archived", "slug", "kind"):
            room[key] = frame["info"][key]

    def state(self) -> dict[str, Any]:
        """Everything that two clients can be compared by.

        Left out: who is online (best effort), and the order of reactions, which are sets. The excerpt of a quote is
        that of the time when the quoting message was fetched, unless its original is deleted.
        """
        return {
            "rooms": {
                key: {name: value for name, value in room.items() if name not in ("online", "on")}
                for key, room in self.rooms.items()
            },
            "members": self.members,
            "messages": {
                key: {number: _comparable(message) for number, message in held.items()}
                for key, held in self.messages.items()
            },
        }


def _comparable(message: dict[str, Any]) -> dict[str, Any]:
    made = json.loads(json.dumps(message))
    made["reactions"] = {group["emoji"]: sorted(group["users"]) for group in message["reactions"]}
    if made["reply_to"] is not None and not made["reply_to"]["deleted"]:
        made["reply_to"]["excerpt"] = "…"
    return made
