"""The matrix: every request there is, in every way that matters, and what comes of it for every standing.

``test_matrix_requests`` refuses a request, an endpoint or an op that has no row here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.security.standings import INSIDE, KINDS, NAMED, OUTSIDE, SAID, Around

Fields = Callable[[Around, str], dict[str, Any]]
Outcomes = dict[str, str]


def outside(said: str = "not_found", **inside: str) -> Outcomes:
    """Whoever is outside cannot tell the room from one that does not exist."""
    return inside | dict.fromkeys(OUTSIDE, said)


MEMBERS = outside(**dict.fromkeys(INSIDE, "ok"))
MODERATORS = MEMBERS | {"member": "forbidden"}
OWNERS = MODERATORS | {"moderator": "forbidden"}
NOBODY = outside(**dict.fromkeys(INSIDE, "forbidden"))
MISSING = dict.fromkeys(INSIDE + OUTSIDE, "not_found")
CLOSED = outside(**dict.fromkeys(INSIDE, "archived"))
ANYBODY = outside("ok", **dict.fromkeys(INSIDE, "ok"))


@dataclass(frozen=True)
class Row:
    """``says`` by the kind of the room; of one kind only, the others are the same."""

    op: str
    fields: Fields
    open: Outcomes
    private: Outcomes | None = None
    direct: Outcomes | None = None

    def says(self, kind: str) -> Outcomes:
        by_kind = dict(zip(KINDS, (self.open, self.private or self.open, self.direct or self.open), strict=True))
        return by_kind[kind]


def own(on: Around, me: str) -> int:
    """The message of this standing's own; theirs who never had one is the author's."""
    return on.mine.get(me, on.message).pk


READING = {
    "history": Row("history", lambda on, me: {"room": on.room.pk}, MEMBERS),
    "history around": Row("history", lambda on, me: {"room": on.room.pk, "around": 1, "limit": 3}, MEMBERS),
    "history of the archive": Row("history", lambda on, me: {"room": on.closed.pk}, MEMBERS),
    "members": Row("members", lambda on, me: {"room": on.room.pk}, MEMBERS),
    "search the room": Row("search", lambda on, me: {"q": SAID, "room": on.room.pk}, MEMBERS),
    "search everywhere": Row("search", lambda on, me: {"q": SAID}, ANYBODY),
    "search back from a message": Row("search", lambda on, me: {"q": SAID, "before": on.message.pk + 1}, ANYBODY),
    "rooms": Row("rooms", lambda on, me: {}, ANYBODY),
    "rooms by name": Row("rooms", lambda on, me: {"q": NAMED}, ANYBODY),
    "people": Row("people", lambda on, me: {}, ANYBODY),
    "me": Row("me", lambda on, me: {}, ANYBODY),
    "tokens": Row("list_tokens", lambda on, me: {}, ANYBODY),
}
SPEAKING = {
    "post": Row("post", lambda on, me: {"room": on.room.pk, "client_id": ID, "body": "hello"}, MEMBERS),
    "post into the archive": Row(
        "post", lambda on, me: {"room": on.closed.pk, "client_id": ID, "body": "hello"}, CLOSED
    ),
    "reply": Row(
        "post",
        lambda on, me: {"room": on.room.pk, "client_id": ID, "body": "hello", "reply_to": on.message.pk},
        MEMBERS,
    ),
    "quote in another room": Row(
        "post",
        lambda on, me: {"room": on.corner.pk, "client_id": ID, "body": "look", "reply_to": on.message.pk},
        MISSING,
    ),
    "react": Row("react", lambda on, me: {"message": on.message.pk, "emoji": "🎉", "on": True}, MEMBERS),
    "take a reaction back": Row("react", lambda on, me: {"message": own(on, me), "emoji": "🎉", "on": False}, MEMBERS),
    "edit one's own": Row("edit", lambda on, me: {"message": own(on, me), "body": "better"}, MEMBERS),
    "edit another's": Row("edit", lambda on, me: {"message": on.message.pk, "body": "twisted"}, NOBODY),
    "delete one's own": Row("delete", lambda on, me: {"message": own(on, me)}, MEMBERS),
    "delete another's": Row("delete", lambda on, me: {"message": on.message.pk}, MODERATORS, direct=NOBODY),
    "read": Row("read", lambda on, me: {"room": on.room.pk, "position": 1}, MEMBERS),
    "unread": Row("unread", lambda on, me: {"room": on.room.pk, "position": 1}, MEMBERS),
    "read all": Row("read_all", lambda on, me: {}, ANYBODY),
}
ID = "00000000-0000-4000-8000-000000000001"


def _role(who: str, role: str) -> Fields:
    return lambda on, me: {"room": on.room.pk, "user": on[who].pk, "role": role}


def _remove(who: str) -> Fields:
    return lambda on, me: {"room": on.room.pk, "user": on[who or me].pk}


GOVERNING = {
    "make a room": Row("create", lambda on, me: {"name": "a new place", "kind": "private"}, ANYBODY),
    "make a direct room": Row("direct", lambda on, me: {"users": [on["newcomer"].pk]}, ANYBODY),
    "rename": Row("update", lambda on, me: {"room": on.room.pk, "name": "other"}, MODERATORS, direct=NOBODY),
    "describe": Row("update", lambda on, me: {"room": on.room.pk, "description": "x"}, MODERATORS, direct=NOBODY),
    "archive": Row("update", lambda on, me: {"room": on.room.pk, "archived": True}, MODERATORS, direct=NOBODY),
    "take out of the archive": Row("update", lambda on, me: {"room": on.closed.pk, "archived": False},
                                   OWNERS),
    "remove a member": Row("remove", _remove("author"), MODERATORS, direct=NOBODY),
    "remove a moderator": Row("remove", _remove("second"), OWNERS, direct=NOBODY),
    "remove oneself": Row("remove", _remove(""), NOBODY),
    "promote": Row("role", _role("author", "owner"), OWNERS, direct=NOBODY),
    "demote": Row("role", _role("second", "member"), OWNERS, direct=NOBODY),
    "leave": Row("leave", lambda on, me: {"room": on.room.pk}, MEMBERS, direct=NOBODY),
}  # fmt: skip
ENTERING = {
    "join": Row("join", lambda on, me: {"room": on.room.pk}, ANYBODY | {"banned": "not_found"}, MEMBERS, MEMBERS),
    "join the archive": Row("join", lambda on, me: {"room": on.closed.pk}, MEMBERS),
    "invite": Row(
        "invite", lambda on, me: {"room": on.room.pk, "users": [on["newcomer"].pk]}, MEMBERS, MODERATORS, NOBODY
    ),
    "invite oneself": Row(
        "invite", lambda on, me: {"room": on.room.pk, "users": [on[me].pk]}, MEMBERS, MODERATORS, NOBODY
    ),
    "bring back": Row(
        "invite", lambda on, me: {"room": on.room.pk, "users": [on["banned"].pk]}, MODERATORS, direct=NOBODY
    ),
    "make a link": Row("create_invite", lambda on, me: {"room": on.room.pk}, MEMBERS, MODERATORS, NOBODY),
    # A link is not to be seen by other members: to them, too, it does not exist.
    "take a link back": Row("revoke_invite", lambda on, me: {"invite": on.invite},
                            MEMBERS | {"member": "not_found"}, direct=MISSING),
    "make a token": Row("create_token", lambda on, me: {"name": "x"}, ANYBODY),
    "revoke another's token": Row("revoke_token", lambda on, me: {"token": on.token}, MISSING | {"owner": "ok"}),
}  # fmt: skip
# Of the socket alone. Following and leaving off come last: they change what the connection is told.
ON_THE_SOCKET = {
    "a second hello": Row("hello", lambda on, me: {}, outside("hello_first", **dict.fromkeys(INSIDE, "hello_first"))),
    "ping": Row("ping", lambda on, me: {}, ANYBODY),
    "typing": Row("typing", lambda on, me: {"room": on.room.pk}, MEMBERS),
    "subscribe": Row("subscribe", lambda on, me: {"room": on.room.pk, "seq": 0}, MEMBERS),
    "unsubscribe": Row("unsubscribe", lambda on, me: {"room": on.room.pk}, ANYBODY),
}
BY_BOTH = READING | SPEAKING | GOVERNING | ENTERING
ROWS = BY_BOTH | ON_THE_SOCKET

# What a token for reading may do, written down a second time: what is not here is refused to it.
READS = frozenset({"history", "search", "rooms", "members", "people", "subscribe", "unsubscribe", "ping", "hello"})
REST_READS = frozenset({"me", "list_tokens"})


def reading_only(row: Row, kind: str) -> str:
    """What the owner is told when they come with a token for reading."""
    return row.says(kind)["owner"] if row.op in READS | REST_READS else "forbidden"


# Method and path → the row's op.
ENDPOINTS: dict[tuple[str, str], str] = {
    ("GET", "/rooms"): "rooms",
    ("POST", "/rooms"): "create",
    ("PATCH", "/rooms/{room}"): "update",
    ("POST", "/rooms/{room}/join"): "join",
    ("POST", "/rooms/{room}/leave"): "leave",
    ("GET", "/rooms/{room}/members"): "members",
    ("POST", "/rooms/{room}/members"): "invite",
    ("DELETE", "/rooms/{room}/members/{user}"): "remove",
    ("PATCH", "/rooms/{room}/members/{user}"): "role",
    ("POST", "/directs"): "direct",
    ("GET", "/rooms/{room}/messages"): "history",
    ("POST", "/rooms/{room}/messages"): "post",
    ("PATCH", "/messages/{message}"): "edit",
    ("DELETE", "/messages/{message}"): "delete",
    ("POST", "/messages/{message}/reactions"): "react",
    ("POST", "/rooms/{room}/read"): "read",
    ("POST", "/rooms/{room}/unread"): "unread",
    ("POST", "/read-all"): "read_all",
    ("GET", "/search"): "search",
    ("GET", "/people"): "people",
    ("GET", "/me"): "me",
    ("POST", "/invites"): "create_invite",
    ("DELETE", "/invites/{invite}"): "revoke_invite",
    ("GET", "/tokens"): "list_tokens",
    ("POST", "/tokens"): "create_token",
    ("DELETE", "/tokens/{token}"): "revoke_token",
}
