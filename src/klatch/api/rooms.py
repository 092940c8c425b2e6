"""Rooms and who belongs to them."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from klatch import protocol
from klatch.api.run import run

router = Router(tags=["rooms"])


class NewRoom(Schema):
    name: str
    description: str = ""
    kind: Literal["open", "private"] = "open"


class RoomChange(Schema):
    name: str | None = None
    description: str | None = None
    archived: bool | None = None


class UserIds(Schema):
    users: list[int]


class NewRole(Schema):
    role: Literal["owner", "moderator", "member"]


@router.get("/rooms", response=protocol.RoomsPage, summary="The directory: open rooms and yours")
async def list_rooms(request: HttpRequest, q: str | None = None, after: str | None = None) -> HttpResponse:
    return await run(request, "rooms", q=q, after=after)


@router.post("/rooms", response=protocol.RoomReply, summary="Make a room")
async def create_room(request: HttpRequest, room: NewRoom) -> HttpResponse:
    return await run(request, "create", **room.dict())


@router.patch("/rooms/{room}", response=protocol.RoomReply, summary="Rename, describe, archive a room")
async def change_room(request: HttpRequest, room: int, change: RoomChange) -> HttpResponse:
    return await run(request, "update", room=room, **change.dict())


@router.post("/rooms/{room}/join", response=protocol.RoomReply, summary="Enter an open room")
async def join(request: HttpRequest, room: int) -> HttpResponse:
    return await run(request, "join", room=room)


@router.post("/rooms/{room}/leave", response=protocol.Ack, summary="Leave a room")
async def leave(request: HttpRequest, room: int) -> HttpResponse:
    return await run(request, "leave", room=room)


@router.get("/rooms/{room}/members", response=protocol.MembersPage, summary="Who belongs to a room")
async def members(request: HttpRequest, room: int, after: str | None = None) -> HttpResponse:
    return await run(request, "members", room=room, after=after)


@router.post("/rooms/{room}/members", response=protocol.Ack, summary="Bring people into a room")
async def invite(request: HttpRequest, room: int, people: UserIds) -> HttpResponse:
    return await run(request, "invite", room=room, users=people.users)


@router.delete("/rooms/{room}/members/{user}", response=protocol.Ack, summary="Remove somebody from a room")
async def remove(request: HttpRequest, room: int, user: int) -> HttpResponse:
    return await run(request, "remove", room=room, user=user)


@router.patch("/rooms/{room}/members/{user}", response=protocol.Ack, summary="Change somebody's role")
async def change_role(request: HttpRequest, room: int, user: int, change: NewRole) -> HttpResponse:
    return await run(request, "role", room=room, user=user, role=change.role)


@router.post("/directs", response=protocol.RoomReply, summary="Open a direct conversation")
async def open_direct(request: HttpRequest, people: UserIds) -> HttpResponse:
    return await run(request, "direct", users=people.users)
