"""Strict checks of frames against the wire types and against the tables of the protocol's specification.

Here an undeclared field is a mistake, though clients must ignore it.
"""

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

from klatch import protocol

SPECIFICATION = Path(__file__).parent.parent / "docs" / "reference" / "protocol.md"
EVENT_BASE = frozenset({"type", "room", "seq", "at", "actor"})


class Limits(TypedDict):
    body: int
    frame: int


class Welcome(TypedDict):
    type: Literal["welcome"]
    ref: NotRequired[int | None]
    epoch: str
    you: protocol.User
    rooms: list[protocol.MyRoom]
    limits: Limits


class Ready(TypedDict):
    type: Literal["ready"]
    ref: NotRequired[int | None]


class Reset(TypedDict):
    type: Literal["reset"]
    room: int
    seq: int


class Typing(TypedDict):
    type: Literal["typing"]
    room: int
    user: protocol.User


class Presence(TypedDict):
    type: Literal["presence"]
    room: int
    online: int
    on: list[int] | None
    off: list[int] | None


class RoomAdded(TypedDict):
    type: Literal["room.added"]
    room: protocol.MyRoom


class RoomRemoved(TypedDict):
    type: Literal["room.removed"]
    room: int
    removed: bool


class Read(TypedDict):
    type: Literal["read"]
    room: int
    position: int


class Subscribed(TypedDict):
    type: Literal["subscribed"]
    room: int
    seq: int


class Pong(TypedDict):
    type: Literal["pong"]


class Error(TypedDict):
    type: Literal["error"]
    ref: NotRequired[int | None]
    code: str
    detail: str
    retry_after: NotRequired[float]
    fields: NotRequired[dict[str, str]]
    limit: NotRequired[int]


TYPES: dict[str, Any] = {
    "welcome": Welcome,
    "ready": Ready,
    "reset": Reset,
    "typing": Typing,
    "presence": Presence,
    "room.added": RoomAdded,
    "room.removed": RoomRemoved,
    "read": Read,
    "subscribed": Subscribed,
    "pong": Pong,
    "error": Error,
    "ack": protocol.Ack,
    "room": protocol.RoomReply,
    "history": protocol.HistoryPage,
    "results": protocol.Results,
    "rooms": protocol.RoomsPage,
    "members": protocol.MembersPage,
    "people": protocol.PeoplePage,
}


@cache
def events_of_the_specification() -> dict[str, frozenset[str]]:
    """Each numbered event with the fields that its row of the table names."""
    text = SPECIFICATION.read_text(encoding="utf-8")
    table = text.partition("## Events")[2].partition("Not numbered, best effort")[0]
    found: dict[str, frozenset[str]] = {}
    for row in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", table, re.MULTILINE):
        for name in re.findall(r"`([a-z_.]+)`", row[0]):
            found[name] = frozenset(re.findall(r"`(\w+)`", row[1]))
    return found


@cache
def strict(kind: Any) -> SchemaValidator:
    """A validator of ``kind`` that refuses what is not declared, at every depth. The classes stay as they are."""
    schema = copy.deepcopy(TypeAdapter(kind).core_schema)
    _forbid(schema)
    return SchemaValidator(schema)


def _forbid(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "typed-dict":
            part["extra_behavior"] = "forbid"
        for inner in list(part.values()):
            _forbid(inner)
    elif isinstance(part, (list, tuple)):
        for inner in part:
            _forbid(inner)


def check(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame itself, if its type is declared and it has exactly the fields of its type."""
    kind = frame["type"]
    fields = events_of_the_specification().get(kind)
    if fields is not None:
        strict(protocol.Event).validate_python(frame, strict=True)
        assert frame.keys() == EVENT_BASE | fields, f"{kind} has {sorted(frame)}"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", frame["at"]), frame["at"]
        return frame
    body = frame if kind in ("welcome", "ready", "error") else {key: frame[key] for key in frame if key != "ref"}
    strict(TYPES[kind]).validate_python(body, strict=True)
    for notice in frame.get("notices", ()) if kind == "history" else ():
        check(notice)
    return frame
