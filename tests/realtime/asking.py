"""A reader of its own to be asked, and a place of three people where things are done."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import klatch
from klatch import protocol
from klatch.actions import members, messages, reactions, rooms
from klatch.errors import KlatchError
from klatch.models import Message, Room
from klatch.realtime.database import Database
from klatch.realtime.reads import Reads
from tests.conftest import make_room, make_user


@asynccontextmanager
async def reader() -> AsyncIterator[Reads]:
    database, searches, tasks = Database(), Database(threads=1), set()

    def spawn(work: Any) -> None:
        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    made = Reads(database, searches, spawn)
    yield made
    made.close()
    for opened in (database, searches):
        opened.close()


def asking(room: Room, **place: int) -> Any:
    return protocol.parse(protocol.History, {"room": room.pk, **place})


async def ask(reads: Reads, user: Any, request: Any) -> Any:
    """The reply, or which refusal."""
    try:
        answer = reads.begin(user, request)
        assert answer is not None
        return json.loads(protocol.encode(await answer))
    except KlatchError as refused:
        return type(refused)


class Place:
    """Three people, an open and a private room, and a list of things that may be done."""

    def __init__(self) -> None:
        self.people = [make_user() for _ in range(3)]
        rosa, ben, _ = self.people
        self.rooms = [make_room(rosa, ben), make_room(rosa, ben, kind="private")]
        for room in self.rooms:
            for number in range(4):
                klatch.post(room, rosa, f"word {number}")

    def do(self, what: str, who: int, where: int, which: int) -> None:
        user, room = self.people[who], self.rooms[where]
        posted = list(Message.objects.filter(room=room).order_by("pk"))
        message = posted[which % len(posted)]
        deeds: dict[str, Callable[[], Any]] = {
            "post": lambda: klatch.post(room, user, f"word of {who}"),
            "reply": lambda: klatch.post(room, user, f"word to {which}", reply_to=message),
            "edit": lambda: messages.edit(message.author, message.pk, f"word again {len(posted)} {message.rev}"),
            "delete": lambda: messages.delete(message.author, message.pk),
            "react": lambda: reactions.react(user, message.pk, "🎉", which % 2 == 0),
            "rename": lambda: rooms.change_room(
                self.people[0], room.pk, name=f"name {where} {message.rev} {len(posted)}"
            ),
            "join": lambda: members.join(user, room.pk),
            "leave": lambda: members.leave(user, room.pk),
            "invite": lambda: members.invite(self.people[0], room.pk, [user.pk]),
            "remove": lambda: members.remove(self.people[0], room.pk, user.pk),
        }
        with suppress(KlatchError):
            deeds[what]()
