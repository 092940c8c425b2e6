"""What the actions of Klatch do, in scenes on one stage: every action has some, or a reason for none."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from klatch.actions import directs, invites, members, messages, reactions, reads, rooms
from klatch.models import Message, Room
from tests.conftest import make_room, make_user


@dataclass
class Stage:
    """People and a room with a little history: rosa owns it, ben moderates, cleo is a member, dan is outside."""

    rosa: User = field(default_factory=lambda: make_user("rosa"))
    ben: User = field(default_factory=lambda: make_user("ben"))
    cleo: User = field(default_factory=lambda: make_user("cleo"))
    dan: User = field(default_factory=lambda: make_user("dan"))

    def __post_init__(self) -> None:
        self.room: Room = make_room(self.rosa, self.ben, self.cleo)
        self.other: Room = make_room(self.ben, self.rosa, kind="private")
        members.change_role(self.rosa, self.room.pk, self.ben.pk, "moderator")
        self.first: Message = messages.post(self.room, self.rosa, "Kaffee?")
        self.reply: Message = messages.post(self.room, self.ben, "Ja, *gern*!", reply_to=self.first)
        reactions.react(self.cleo, self.first.pk, "🎉", True)
        reactions.react(self.ben, self.first.pk, "👍", True)

    @property
    def people(self) -> list[User]:
        return [self.rosa, self.ben, self.cleo, self.dan]


def draft(author: User, room: Room, body: str, reply_to: int | None = None) -> messages.Draft:
    return messages.Draft(author, room.pk, uuid.uuid4(), body, reply_to)


def _posted_by_two(on: Stage) -> None:
    messages.post_many(
        [draft(on.cleo, on.room, "eins"), draft(on.ben, on.other, "zwei"), draft(on.dan, on.room, "not a member"),
         draft(on.cleo, on.room, "drei", on.first.pk)]
    )  # fmt: skip


def _everybody(on: Stage) -> None:
    Room.objects.filter(pk=on.room.pk).update(everybody=True)
    members.admit(on.dan)


def _redeemed(on: Stage) -> None:
    _, secret = invites.create_invite(on.rosa, on.room)
    invites.redeem_invite(on.dan, secret)


def _removed_and_back(on: Stage) -> None:
    members.remove(on.rosa, on.room.pk, on.cleo.pk)
    members.invite(on.ben, on.room.pk, [on.cleo.pk, on.dan.pk])


SCENES: dict[str, list[Callable[[Stage], Any]]] = {
    "messages.post": [
        lambda on: messages.post(on.room, on.cleo, "Ich auch :tada:"),
        lambda on: messages.post(on.room, on.rosa, "> Zitat\n\nund `code`", reply_to=on.reply),
    ],
    "messages.post_many": [_posted_by_two],
    "messages.edit": [
        lambda on: messages.edit(on.ben, on.reply.pk, "Nein."),
        lambda on: messages.edit(on.rosa, on.first.pk, "Tee?"),
    ],
    "messages.delete": [
        lambda on: messages.delete(on.rosa, on.first.pk),
        lambda on: messages.delete(on.ben, on.first.pk),
        lambda on: messages.delete(on.ben, on.reply.pk),
    ],
    "reactions.react": [
        lambda on: reactions.react(on.rosa, on.first.pk, "🎉", True),
        lambda on: reactions.react(on.rosa, on.reply.pk, "🇩🇪", True),
        lambda on: reactions.react(on.cleo, on.first.pk, "🎉", False),
    ],
    "reads.read": [lambda on: reads.read(on.cleo, on.room.pk, 1), lambda on: reads.read(on.rosa, on.room.pk, 99)],
    "reads.unread": [lambda on: reads.unread(on.rosa, on.room.pk, 1)],
    "reads.read_all": [lambda on: reads.read_all(on.cleo)],
    "rooms.create_room": [lambda on: rooms.create_room(on.dan, name="neu")],
    "rooms.change_room": [
        lambda on: rooms.change_room(on.ben, on.room.pk, name="Küche", description="mit Herd"),
        lambda on: rooms.change_room(on.rosa, on.room.pk, archived=True),
    ],
    "members.join": [lambda on: members.join(on.dan, on.room.pk)],
    "members.admit": [_everybody],
    "members.leave": [
        lambda on: members.leave(on.cleo, on.room.pk),
        lambda on: members.leave(on.rosa, on.room.pk),
    ],
    "members.invite": [lambda on: members.invite(on.ben, on.room.pk, [on.dan.pk]), _removed_and_back],
    "members.remove": [
        lambda on: members.remove(on.ben, on.room.pk, on.cleo.pk),
        lambda on: members.remove(on.rosa, on.room.pk, on.ben.pk),
    ],
    "members.change_role": [
        lambda on: members.change_role(on.rosa, on.room.pk, on.cleo.pk, "owner"),
        lambda on: members.change_role(on.rosa, on.room.pk, on.ben.pk, "member"),
    ],
    "directs.open_direct": [lambda on: directs.open_direct(on.dan, [on.cleo.pk, on.rosa.pk])],
    "invites.redeem_invite": [_redeemed],
}

# Why these have no scene of their own.
WITHOUT = {
    "accounts.deactivate": "changes an account; open sockets are told by a closing code",
    "accounts.reactivate": "changes an account",
    "invites.create_invite": "a link is nobody's news",
    "invites.find_invite": "reads",
    "invites.revoke_invite": "a link is nobody's news",
    "members.enter": "a part of join, admit, invite, redeem_invite and create_room: all have scenes",
    "messages.checked_body": "pure",
    "reactions.check_emoji": "pure",
    "rooms.address": "pure",
    "rooms.room_named": "reads",
    "tokens.create_token": "a token is nobody's news",
    "tokens.revoke_all": "open sockets are told by a closing code",
    "tokens.revoke_token": "open sockets are told by a closing code",
    "tokens.user_of_token": "reads",
    "tokens.users_of_tokens": "reads",
}
