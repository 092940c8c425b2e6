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
        self.epoch: str | None = None
        self.rooms: dict[int, dict[str, Any]] = {}
        self.heads: dict[int, int] = {}  # the last event applied; a room's own ``seq`` may be ahead after a welcome
        self.messages: dict[int, dict[int, dict[str, Any]]] = {}
        self.members: dict[int, dict[int, str] | None] = {}
        self.recent: dict[int, list[dict[str, Any]]] = {}  # to be laid over pages that were read before
        self.added: set[int] = set()
        for room in rooms:
            self.enter(room)

    def enter(self, room: dict[str, Any]) -> None:
        key = room["id"]
        self.rooms[key] = copy.deepcopy(room)
        self.heads[key] = room["seq"]
        self.messages[key], self.members[key], self.recent[key] = {}, None, []

    def forget(self, room: int) -> None:
        for part in (self.rooms, self.heads, self.messages, self.members, self.recent):
            part.pop(room, None)

    def welcome(self, frame: dict[str, Any]) -> None:
        if self.epoch not in (None, frame["epoch"]):
            for room in list(self.rooms):
                self.forget(room)
        self.epoch = frame["epoch"]
        for room in frame["rooms"]:
            if room["id"] in self.rooms:
                self.rooms[room["id"]] = copy.deepcopy(room)
            else:
                self.enter(room)
        for gone in self.rooms.keys() - {room["id"] for room in frame["rooms"]}:
            self.forget(gone)

    def load(self, page: dict[str, Any]) -> None:
        """A page of history; what happened after it was read is laid over it."""
        held, room = self.messages[page["room"]], self.rooms[page["room"]]
        for message in page["messages"]:
            if message["id"] not in held or message["rev"] >= held[message["id"]]["rev"]:
                held[message["id"]] = copy.deepcopy(message)
            room["count"] = max(room["count"], message["position"])
        for frame in self.recent[page["room"]]:
            if frame["seq"] > page["seq"]:
                self._show(frame)

    def load_members(self, page: dict[str, Any]) -> None:
        known = self.members[page["room"]] or {}
        self.members[page["room"]] = known | {row["user"]["id"]: row["role"] for row in page["members"]}

    def apply(self, frame: dict[str, Any]) -> bool:
        """Returns whether the frame was news."""
        kind, room = frame["type"], frame.get("room")
        if kind == "room.added":
            self.enter(frame["room"])
        elif kind == "room.removed":
            self.forget(room)
        elif kind == "welcome":
            self.welcome(frame)
        elif kind == "history":
            self.load(frame)
        elif kind in ("read", "reset", "presence"):
            if room in self.rooms:
                getattr(self, f"_{kind}")(self.rooms[room], frame)
        elif kind not in ("subscribed", "typing") and "seq" in frame:
            return self._numbered(frame)
        else:
            return False
        return True

    def _read(self, room: dict[str, Any], frame: dict[str, Any]) -> None:
        room["read"] = frame["position"]

    def _reset(self, room: dict[str, Any], frame: dict[str, Any]) -> None:
        self.enter({**room, "seq": frame["seq"]})

    def _presence(self, room: dict[str, Any], frame: dict[str, Any]) -> None:
        room["online"] = frame["online"]
        if room["on"] is not None and frame["on"] is not None:
            room["on"] = sorted({*room["on"], *frame["on"]} - set(frame["off"]))

    def _numbered(self, frame: dict[str, Any]) -> bool:
        room = self.rooms.get(frame["room"])
        if room is None:
            if frame["type"] == "member.joined" and frame["user"]["id"] == self.you["id"]:
                self.added.add(frame["room"])
            return False
        head = self.heads[room["id"]]
        if frame["seq"] <= head:
            return False
        if frame["seq"] != head + 1:
            raise Gap(f"room {room['id']}: {head} → {frame['seq']}")
        self.heads[room["id"]] = frame["seq"]
        self.recent[room["id"]].append(frame)
        if frame["seq"] > room["seq"]:
            # Else the welcome has counted it already.
            room["seq"] = frame["seq"]
            self._count(room, frame)
        self._show(frame)
        return True

    def _count(self, room: dict[str, Any], frame: dict[str, Any]) -> None:
        """What an event changes in the description of its room."""
        me = self.you["id"]
        match frame["type"]:
            case "message.posted":
                message = frame["message"]
                room["count"], room["at"] = max(room["count"], message["position"]), message["at"]
                if message["author"] is not None and message["author"]["id"] == me:
                    room["read"] = message["position"]
            case "member.joined":
                room["members"] += 1
            case "member.left":
                room["members"] -= 1
            case "room.changed":
                room |= {key: frame["info"][key] for key in ("name", "description", "archived", "slug", "kind")}
        if frame["type"] in ("member.joined", "member.changed") and frame["user"]["id"] == me:
            room["role"] = frame["role"]

    def _show(self, frame: dict[str, Any]) -> None:
        """What an event changes in messages and members."""
        held = self.messages[frame["room"]]
        family, _, what = frame["type"].partition(".")
        if family == "message":
            message = copy.deepcopy(frame["message"])
            if message["id"] not in held or message["rev"] >= held[message["id"]]["rev"]:
                held[message["id"]] = message
            for other in held.values() if what == "deleted" else ():
                if other["reply_to"] is not None and other["reply_to"]["id"] == message["id"]:
                    other["reply_to"] |= {"excerpt": "", "deleted": True}
        elif family == "reaction" and frame["message_id"] in held:
            self._react(held[frame["message_id"]], what, frame)
        elif family == "member" and (known := self.members[frame["room"]]) is not None:
            if what == "left":
                known.pop(frame["user"]["id"], None)
            else:
                known[frame["user"]["id"]] = frame["role"]

    def _react(self, message: dict[str, Any], what: str, frame: dict[str, Any]) -> None:
        if message["deleted"] or frame["seq"] < message["rev"]:
            return
        groups = {group["emoji"]: list(group["users"]) for group in message["reactions"]}
        users = groups.setdefault(frame["emoji"], [])
        if what == "added" and frame["user_id"] not in users:
            users.append(frame["user_id"])
        if what == "removed" and frame["user_id"] in users:
            users.remove(frame["user_id"])
        message["reactions"] = [{"emoji": emoji, "users": who} for emoji, who in groups.items() if who]
        message["rev"] = frame["seq"]

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
