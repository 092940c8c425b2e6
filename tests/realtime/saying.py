"""Words for what resume tests do: say something, and look at what came."""

from typing import Any

from django.contrib.auth.models import User

from klatch.actions import messages
from klatch.models import Room
from tests.conftest import Server, aside


async def say(room: Room, author: User, *bodies: str) -> list[Any]:
    return [await aside(messages.post, room.pk, author, body) for body in bodies]


def bodies(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["message"]["body"] for frame in frames if frame["type"].startswith("message.")]


def seqs(frames: list[dict[str, Any]], room: Room) -> list[int]:
    return [frame["seq"] for frame in frames if frame.get("room") == room.pk and "at" in frame]


async def head(room: Room) -> int:
    return await aside(lambda: Room.objects.get(pk=room.pk).seq)


async def follows(server: Server, user: User) -> set[int]:
    return {room for connection in server.node.hub.users.get(user.pk, ()) for room in connection.rooms}


# Following one room again
