"""Everybody there can be around a room: one person for each way of standing to it."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from klatch.actions import invites, members, messages
from klatch.models import Message, Room
from tests.conftest import make_room, make_user

INSIDE = ("owner", "moderator", "member", "supermember")
OUTSIDE = ("former", "banned", "invited", "stranger", "superuser")


@dataclass
class Around:
    """A room, who stands how to it, a message of ``author`` (a plain member), and the secret of a link into it."""

    room: Room
    people: dict[str, User]
    message: Message
    secret: str

    def __getitem__(self, standing: str) -> User:
        return self.people[standing]


def surroundings(kind: str) -> Around:
    people = {name: make_user() for name in ("owner", "moderator", "member", "author", "former", "banned", "invited")}
    people |= {"stranger": make_user(), "superuser": make_user(is_superuser=True)}
    people |= {"supermember": make_user(is_superuser=True), "second": make_user()}
    inside = [people[name] for name in ("moderator", "member", "author", "former", "banned", "supermember", "second")]
    room = make_room(people["owner"], *inside, kind=kind)
    members.change_role(people["owner"], room.pk, people["moderator"].pk, "moderator")
    members.change_role(people["owner"], room.pk, people["second"].pk, "moderator")
    members.leave(people["former"], room.pk)
    members.remove(people["owner"], room.pk, people["banned"].pk)
    message = messages.post(room, people["author"], "from the author")
    _, secret = invites.create_invite(people["owner"], room)
    room.refresh_from_db()
    return Around(room, people, message, secret)


@pytest.fixture
def around() -> Around:
    return surroundings("open")
