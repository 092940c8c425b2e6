"""Everybody there can be around a room: one person for each way of standing to it, and what only insiders may know.

Who is invited into a room by name is in it at once: they are the ``member``. ``invited`` holds a good link.
"""

from dataclasses import dataclass, field, replace

from django.contrib.auth.models import User

from klatch.actions import directs, invites, members, messages, rooms, tokens
from klatch.models import Message, Room
from tests.conftest import make_room, make_user

INSIDE = ("owner", "moderator", "member", "supermember")
OUTSIDE = ("former", "banned", "invited", "stranger", "superuser")
KINDS = ("open", "private", "direct")

# Words of the room's name and description, and of everything that is said in it.
NAMED, SAID = "quicksilver", "vermilion"
NOWHERE = 10**9


@dataclass
class Around:
    """A room, who stands how to it, and what is in it.

    ``message`` is of ``author``, a plain member; ``mine`` has one of everybody who ever was in. ``closed`` is a room of
    the same people in the archive; to ``corner`` belong all who stand anywhere.
    """

    room: Room
    closed: Room
    corner: Room
    people: dict[str, User]
    message: Message
    invite: int
    secret: str
    token: int
    mine: dict[str, Message] = field(default_factory=dict)

    def __getitem__(self, standing: str) -> User:
        return self.people[standing]

    @property
    def hidden(self) -> list[str]:
        """What nobody outside may ever be sent."""
        return [SAID] if self.room.kind == "open" else [SAID, NAMED, self.room.slug]

    def nowhere(self) -> "Around":
        """The same people, around things that do not exist."""
        missing, message = Room(pk=NOWHERE), Message(pk=NOWHERE)
        return replace(
            self, room=missing, closed=missing, message=message, mine={}, invite=NOWHERE, token=NOWHERE
        )  # fmt: skip


def surroundings(kind: str) -> Around:
    names = (*INSIDE, *OUTSIDE, "author", "second", "newcomer")
    people = {name: make_user(is_superuser=name.startswith("super")) for name in names}
    owner, inside = people["owner"], [people[name] for name in (*INSIDE[1:], "author", "second")]
    room = _direct(owner, inside) if kind == "direct" else _room(kind, people, inside)
    author = people["author"]
    message = messages.post(room, author, f"{SAID} from the author")
    mine = {name: messages.post(room, people[name], f"{SAID} from {name}") for name in INSIDE}
    secret, invite = "forged", NOWHERE
    if kind != "direct":
        mine |= _gone(room, people)
        row, secret = invites.create_invite(owner, room)
        invite = row.pk
    closed = make_room(owner, *inside, name=f"{NAMED} attic", kind="open" if kind == "open" else "private")
    messages.post(closed, author, f"{SAID} from long ago")
    rooms.change_room(owner, closed.pk, archived=True)
    corner = make_room(author, *[person for name, person in people.items() if name != "author"])
    token, _ = tokens.create_token(owner, "to be revoked")
    room.refresh_from_db()
    return Around(room, closed, corner, people, message, invite, secret, token.pk, mine)


def _room(kind: str, people: dict[str, User], inside: list[User]) -> Room:
    owner = people["owner"]
    room = make_room(owner, *inside, people["former"], people["banned"], name=f"{NAMED} lounge", kind=kind)
    rooms.change_room(owner, room.pk, description=f"All about {NAMED}")
    for name in ("moderator", "second"):
        members.change_role(owner, room.pk, people[name].pk, "moderator")
    return room


def _direct(owner: User, inside: list[User]) -> Room:
    return directs.open_direct(owner, [person.pk for person in inside])


def _gone(room: Room, people: dict[str, User]) -> dict[str, Message]:
    """They say something, then one leaves and the other is removed."""
    said = {name: messages.post(room, people[name], f"{SAID} from {name}") for name in ("former", "banned")}
    members.leave(people["former"], room.pk)
    members.remove(people["owner"], room.pk, people["banned"].pk)
    return said
