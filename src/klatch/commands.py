"""Every request of the protocol, run for a person: one function an op, the same for the socket and REST.

Each calls one action or query and renders the reply. Nothing is sent; of permissions only a login's scope is decided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from klatch import limits, protocol, queries, replies, serialize
from klatch.actions import directs, members, messages, reactions, reads, rooms
from klatch.errors import Forbidden
from klatch.history import Place
from klatch.log import Entry
from klatch.models import Membership, Message
from klatch.presence import presence

Run = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Command:
    """``writes``: belongs on the writer, in a transaction of its own; refused to a login that may only read."""

    request: type[protocol.Request]
    run: Run
    writes: bool


COMMANDS: dict[str, Command] = {}
# What else changes nothing: of the socket alone, and of REST alone. All that is not named may write.
READING = frozenset({"subscribe", "unsubscribe", "ping", "me", "list_tokens"})


def _command(request: type[protocol.Request], *, writes: bool) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        COMMANDS[request.model_fields["op"].default] = Command(request, run, writes)
        return run

    return register


def admit(op: str, user_id: int, may_write: bool) -> None:
    """The one gate of the socket and REST: may this login ask for this, and so often?

    Raises ``RateLimited``; ``Forbidden`` for what writes, where the login may only read. Which person may do what to
    which room is not decided here.
    """
    refused = not (may_write or op in READING or (op in COMMANDS and not COMMANDS[op].writes))
    # What is refused counts as a request, but not against what its person may post.
    limits.check("" if refused else op, user_id)
    if refused:
        raise Forbidden("This token may only read.")


def ack(
    room: int | None = None, seq: int | None = None, id: int | None = None, position: int | None = None
) -> protocol.Ack:
    return {"type": "ack", "room": room, "seq": seq, "id": id, "position": position}


def posted(message: Message) -> protocol.Ack:
    return ack(message.room_id, message.seq, message.id, message.position)


def _changed(event: Entry | None, message_id: int | None = None) -> protocol.Ack:
    if event is None:
        return ack(id=message_id)
    return ack(event.room_id, event.seq, event.message_id)


def my_room(membership: Membership) -> protocol.MyRoom:
    room = membership.room
    people = queries.people_of([room])[room.pk] if room.is_direct else None
    return serialize.my_room(membership, presence.online_in(room.pk), people)


def _room(user: Any, room_id: int) -> protocol.RoomReply:
    return {"type": "room", "room": my_room(queries.membership(user, room_id))}


def draft(user: Any, request: protocol.Post) -> messages.Draft:
    return messages.Draft(user, request.room, request.client_id, request.body, request.reply_to)


@_command(protocol.Post, writes=True)
def post(user: Any, request: protocol.Post) -> protocol.Ack:
    return posted(
        messages.post(request.room, user, request.body, client_id=request.client_id, reply_to=request.reply_to)
    )


@_command(protocol.Edit, writes=True)
def edit(user: Any, request: protocol.Edit) -> protocol.Ack:
    return _changed(messages.edit(user, request.message, request.body), request.message)


@_command(protocol.Delete, writes=True)
def delete(user: Any, request: protocol.Delete) -> protocol.Ack:
    return _changed(messages.delete(user, request.message), request.message)


@_command(protocol.React, writes=True)
def react(user: Any, request: protocol.React) -> protocol.Ack:
    return _changed(reactions.react(user, request.message, request.emoji, request.on), request.message)


@_command(protocol.Read, writes=True)
def read(user: Any, request: protocol.Read) -> protocol.Ack:
    return ack(request.room, position=reads.read(user, request.room, request.position))


@_command(protocol.Unread, writes=True)
def unread(user: Any, request: protocol.Unread) -> protocol.Ack:
    return ack(request.room, position=reads.unread(user, request.room, request.position))


@_command(protocol.ReadAll, writes=True)
def read_all(user: Any, request: protocol.ReadAll) -> protocol.Ack:
    reads.read_all(user)
    return ack()


@_command(protocol.History, writes=False)
def history(user: Any, request: protocol.History) -> protocol.Encoded:
    queries.membership(user, request.room)
    page = replies.of_history(request.room, place(request))
    # Rows are read as they are now: who is still a member after the last of them was one while they were read.
    queries.membership(user, request.room)
    return page.at(page.seq)


def place(request: protocol.History) -> Place:
    return Place(request.before, request.after, request.around, request.limit)


@_command(protocol.Search, writes=False)
def search(user: Any, request: protocol.Search) -> protocol.Encoded:
    return replies.of_search(user, request)


@_command(protocol.Rooms, writes=False)
def list_rooms(user: Any, request: protocol.Rooms) -> protocol.Encoded:
    return replies.of_directory([user.pk], request, replies.listing(request))[user.pk]


@_command(protocol.Members, writes=False)
def list_members(user: Any, request: protocol.Members) -> protocol.MembersPage:
    page, following = queries.members(user, request.room, request.after)
    return {
        "type": "members",
        "room": request.room,
        "members": [
            {"user": serialize.user(row.user), "role": row.role, "online": presence.is_online(row.user_id)}
            for row in page
        ],
        "next": following,
    }


@_command(protocol.People, writes=False)
def people(user: Any, request: protocol.People) -> protocol.PeoplePage:
    return {
        "type": "people",
        "people": [
            {**serialize.user(person), "online": presence.is_online(person.pk)}
            for person in queries.people(user, request.q)
        ],
    }


@_command(protocol.Create, writes=True)
def create(user: Any, request: protocol.Create) -> protocol.RoomReply:
    room = rooms.create_room(user, name=request.name, description=request.description, kind=request.kind)
    return _room(user, room.pk)


@_command(protocol.Update, writes=True)
def update(user: Any, request: protocol.Update) -> protocol.RoomReply:
    rooms.change_room(user, request.room, name=request.name, description=request.description, archived=request.archived)
    return _room(user, request.room)


@_command(protocol.Join, writes=True)
def join(user: Any, request: protocol.Join) -> protocol.RoomReply:
    return {"type": "room", "room": my_room(members.join(user, request.room))}


@_command(protocol.Leave, writes=True)
def leave(user: Any, request: protocol.Leave) -> protocol.Ack:
    members.leave(user, request.room)
    return ack(request.room)


@_command(protocol.Invite, writes=True)
def invite(user: Any, request: protocol.Invite) -> protocol.Ack:
    members.invite(user, request.room, request.users)
    return ack(request.room)


@_command(protocol.Remove, writes=True)
def remove(user: Any, request: protocol.Remove) -> protocol.Ack:
    members.remove(user, request.room, request.user)
    return ack(request.room)


@_command(protocol.ChangeRole, writes=True)
def change_role(user: Any, request: protocol.ChangeRole) -> protocol.Ack:
    event = members.change_role(user, request.room, request.user, request.role)
    return ack(request.room, event.seq if event else None)


@_command(protocol.Direct, writes=True)
def direct(user: Any, request: protocol.Direct) -> protocol.RoomReply:
    return _room(user, directs.open_direct(user, request.users).pk)
