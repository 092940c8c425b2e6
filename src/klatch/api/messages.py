"""Messages: reading, posting, changing, reacting, searching, and how far one has read."""

from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from klatch import protocol
from klatch.api.run import run

router = Router(tags=["messages"])


class NewMessage(Schema):
    body: str
    client_id: UUID | None = None
    reply_to: int | None = None


class NewBody(Schema):
    body: str


class Position(Schema):
    position: int


class NewReaction(Schema):
    emoji: str
    on: bool = True


@router.get("/rooms/{room}/messages", response=protocol.HistoryPage, summary="A page of a room's history")
async def history(
    request: HttpRequest,
    room: int,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 40,
) -> HttpResponse:
    return await run(request, "history", room=room, before=before, after=after, around=around, limit=limit)


@router.post("/rooms/{room}/messages", response=protocol.Ack, summary="Post a message; the ack means it is on disk")
async def post(request: HttpRequest, room: int, message: NewMessage) -> HttpResponse:
    client_id = str(message.client_id or uuid4())
    return await run(request, "post", room=room, client_id=client_id, body=message.body, reply_to=message.reply_to)


@router.patch("/messages/{message}", response=protocol.Ack, summary="Edit one's own message")
async def edit(request: HttpRequest, message: int, change: NewBody) -> HttpResponse:
    return await run(request, "edit", message=message, body=change.body)


@router.delete("/messages/{message}", response=protocol.Ack, summary="Delete a message")
async def delete(request: HttpRequest, message: int) -> HttpResponse:
    return await run(request, "delete", message=message)


@router.post("/messages/{message}/reactions", response=protocol.Ack, summary="Set or take back a reaction")
async def react(request: HttpRequest, message: int, reaction: NewReaction) -> HttpResponse:
    return await run(request, "react", message=message, emoji=reaction.emoji, on=reaction.on)


@router.post("/rooms/{room}/read", response=protocol.Ack, summary="Everything up to a position is read")
async def read(request: HttpRequest, room: int, place: Position) -> HttpResponse:
    return await run(request, "read", room=room, position=place.position)


@router.post("/rooms/{room}/unread", response=protocol.Ack, summary="Unread from a position on")
async def unread(request: HttpRequest, room: int, place: Position) -> HttpResponse:
    return await run(request, "unread", room=room, position=place.position)


@router.post("/read-all", response=protocol.Ack, summary="Everything everywhere is read")
async def read_all(request: HttpRequest) -> HttpResponse:
    return await run(request, "read_all")


@router.get("/search", response=protocol.Results, summary="Messages that have all the words")
async def search(
    request: HttpRequest, q: str, room: int | None = None, before: int | None = None, limit: int = 20
) -> HttpResponse:
    return await run(request, "search", q=q, room=room, before=before, limit=limit)
