"""What a client may send, checked. Says nothing of who may do it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
