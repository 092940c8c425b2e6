"""What a client gets, typed: replies, and the events of a room. Types alone."""

from typing import Any, Literal, NotRequired, TypedDict


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
