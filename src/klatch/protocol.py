"""The wire: what a client may send (checked here) and what it gets (typed here), and their encoding. Knows no Django.

The specification for people is ``docs/reference/protocol.md``; a test compares the two.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from klatch.errors import BadFrame, Invalid, UnknownOp

BIGGEST = 2**63 - 1

Id = Annotated[int, Field(strict=True, ge=1, le=BIGGEST)]
Number = Annotated[int, Field(strict=True, ge=0, le=BIGGEST)]
Ref = Annotated[int, Field(strict=True, ge=-BIGGEST, le=BIGGEST)]
Flag = Annotated[bool, Field(strict=True)]
# What is too long for the place (``KLATCH["BODY_CHARS"]``) is refused by the action; this only bounds the work before.
Body = Annotated[str, Field(strict=True, max_length=65_536)]
Emoji = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=32)]
Name = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=80)]
Description = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=500)]
# PostgreSQL cannot take a NUL, not even to look for it.
Query = Annotated[str, StringConstraints(strict=True, max_length=200, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str, StringConstraints(strict=True, max_length=64)]
Role = Literal["owner", "moderator", "member"]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: Ref | None = None


class Hello(Request):
    op: Literal["hello"] = "hello"
    epoch: UUID | None = None
    rooms: dict[Annotated[int, Field(ge=1, le=BIGGEST)], Number] = Field(default_factory=dict, max_length=5_000)


class Post(Request):
    op: Literal["post"] = "post"
    room: Id
    client_id: UUID
    body: Body
    reply_to: Id | None = None


class Edit(Request):
    op: Literal["edit"] = "edit"
    message: Id
    body: Body


class Delete(Request):
    op: Literal["delete"] = "delete"
    message: Id


class React(Request):
    op: Literal["react"] = "react"
    message: Id
    emoji: Emoji
    on: Flag


class Read(Request):
    op: Literal["read"] = "read"
    room: Id
    position: Number


class Unread(Request):
    op: Literal["unread"] = "unread"
    room: Id
    position: Id


class ReadAll(Request):
    op: Literal["read_all"] = "read_all"


class Typing(Request):
    op: Literal["typing"] = "typing"
    room: Id


class History(Request):
    op: Literal["history"] = "history"
    room: Id
    before: Id | None = None
    after: Number | None = None
    around: Id | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 40


class Search(Request):
    op: Literal["search"] = "search"
    q: Query
    room: Id | None = None
    before: Id | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=50)] = 20


class Rooms(Request):
    op: Literal["rooms"] = "rooms"
    q: Query | None = None
    after: Cursor | None = None


class Members(Request):
    op: Literal["members"] = "members"
    room: Id
    after: Cursor | None = None


class People(Request):
    op: Literal["people"] = "people"
    q: Query | None = None


class Create(Request):
    op: Literal["create"] = "create"
    name: Name
    description: Description = ""
    kind: Literal["open", "private"] = "open"


class Update(Request):
    op: Literal["update"] = "update"
    room: Id
    name: Name | None = None
    description: Description | None = None
    archived: Flag | None = None


class Join(Request):
    op: Literal["join"] = "join"
    room: Id


class Leave(Request):
    op: Literal["leave"] = "leave"
    room: Id


class Invite(Request):
    op: Literal["invite"] = "invite"
    room: Id
    users: Annotated[list[Id], Field(min_length=1, max_length=100)]


class Remove(Request):
    op: Literal["remove"] = "remove"
    room: Id
    user: Id


class ChangeRole(Request):
    op: Literal["role"] = "role"
    room: Id
    user: Id
    role: Role


class Direct(Request):
    op: Literal["direct"] = "direct"
    users: Annotated[list[Id], Field(min_length=1, max_length=100)]


class Subscribe(Request):
    op: Literal["subscribe"] = "subscribe"
    room: Id
    seq: Number | None = None


class Unsubscribe(Request):
    op: Literal["unsubscribe"] = "unsubscribe"
    room: Id


class Ping(Request):
    op: Literal["ping"] = "ping"


REQUESTS: tuple[type[Request], ...] = (
    Hello, Post, Edit, Delete, React, Read, Unread, ReadAll, Typing, History, Search, Rooms, Members, People, Create,
    Update, Join, Leave, Invite, Remove, ChangeRole, Direct, Subscribe, Unsubscribe, Ping,
)  # fmt: skip

_BY_OP: dict[str, type[Request]] = {kind.model_fields["op"].default: kind for kind in REQUESTS}
_REQUEST: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        Hello | Post | Edit | Delete | React | Read | Unread | ReadAll | Typing | History | Search | Rooms | Members
        | People | Create | Update | Join | Leave | Invite | Remove | ChangeRole | Direct | Subscribe | Unsubscribe
        | Ping,
        Field(discriminator="op"),
    ]
)  # fmt: skip


class User(TypedDict):
    id: int
    username: str
    name: str
    avatar: str | None


class Room(TypedDict):
    id: int
    slug: str
    name: str
    description: str
    kind: str
    seq: int
    count: int
    members: int
    archived: bool
    at: str


class MyRoom(Room):
    role: str
    read: int
    online: int
    on: list[int] | None
    people: NotRequired[list[User]]


class ListedRoom(Room):
    online: int
    member: bool


class Quote(TypedDict):
    id: int
    position: int
    author: User | None
    excerpt: str
    deleted: bool


class ReactionGroup(TypedDict):
    emoji: str
    users: list[int]


class Message(TypedDict):
    id: int
    room: int
    position: int
    seq: int
    rev: int
    client_id: str
    author: User | None
    body: str
    html: str
    at: str
    edited_at: str | None
    deleted: bool
    reply_to: Quote | None
    reactions: list[ReactionGroup]


class Event(TypedDict):
    """An event of a room. Which of the optional fields it has depends on ``type``."""

    type: str
    room: int
    seq: int
    at: str
    actor: User | None
    message: NotRequired[Message]
    message_id: NotRequired[int]
    emoji: NotRequired[str]
    user_id: NotRequired[int]
    user: NotRequired[User | None]
    role: NotRequired[str]
    removed: NotRequired[bool]
    info: NotRequired[Room]
    before: NotRequired[dict[str, Any]]


class Member(TypedDict):
    user: User
    role: str
    online: bool


class Person(User):
    online: bool


class Found(TypedDict):
    message: Message
    room: Room


class Ack(TypedDict):
    type: Literal["ack"]
    room: int | None
    seq: int | None
    id: int | None
    position: int | None


class RoomReply(TypedDict):
    type: Literal["room"]
    room: MyRoom


class HistoryPage(TypedDict):
    type: Literal["history"]
    room: int
    messages: list[Message]
    notices: list[Event]
    start: bool
    end: bool
    seq: int


class Results(TypedDict):
    type: Literal["results"]
    results: list[Found]
    next: int | None


class RoomsPage(TypedDict):
    type: Literal["rooms"]
    rooms: list[ListedRoom]
    next: str | None


class MembersPage(TypedDict):
    type: Literal["members"]
    room: int
    members: list[Member]
    next: str | None


class PeoplePage(TypedDict):
    type: Literal["people"]
    people: list[Person]


class Encoded(str):
    """A reply that is JSON text already; it begins with its ``type``."""

    __slots__ = ()


def encode(frame: Any) -> str:
    """One object as JSON text, not yet wrapped in the frame's array."""
    return frame if isinstance(frame, Encoded) else to_json(frame).decode()


def reply(body: Any, ref: int | None) -> str:
    """A reply as text, with the number that the client gave its request."""
    if isinstance(body, Encoded):
        begin = body.index(",") + 1
        return f'{body[:begin]}"ref":{"null" if ref is None else ref},{body[begin:]}'
    return encode({"type": body["type"], "ref": ref, **body})


def decode(text: str) -> Any:
    """One frame of a client as a request.

    Raises ``BadFrame``, ``UnknownOp`` or ``Invalid``; each has ``ref`` in its ``extra`` where one could be read.
    """
    try:
        return _REQUEST.validate_json(text)
    except ValidationError as wrong:
        ref = _ref_of(text)
        first = wrong.errors(include_url=False, include_context=False, include_input=False)
        kind = first[0]["type"]
        if kind == "union_tag_invalid":
            raise UnknownOp(ref=ref) from None
        if kind in ("json_invalid", "union_tag_not_found", "model_attributes_type", "dict_type", "model_type"):
            raise BadFrame(ref=ref) from None
        raise Invalid(ref=ref, fields=_fields(first, skip=1)) from None


def parse(kind: type[Request], values: dict[str, Any]) -> Any:
    """The same check for a request that came another way (REST). Raises ``Invalid``."""
    try:
        return kind.model_validate_json(to_json(values))
    except (ValidationError, ValueError) as wrong:
        if not isinstance(wrong, ValidationError):
            raise Invalid from None
        raise Invalid(
            fields=_fields(wrong.errors(include_url=False, include_context=False, include_input=False))
        ) from None


def request_type(op: str) -> type[Request]:
    return _BY_OP[op]


def _fields(errors: Any, skip: int = 0) -> dict[str, str]:
    return {".".join(str(part) for part in error["loc"][skip:])[:80]: error["msg"] for error in errors[:8]}


def _ref_of(text: str) -> int | None:
    try:
        ref = from_json(text).get("ref")
    except (ValueError, AttributeError):
        return None
    return ref if type(ref) is int and -BIGGEST <= ref <= BIGGEST else None
