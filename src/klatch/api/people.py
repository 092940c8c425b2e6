"""Oneself, with all one's rooms, and others."""

from django.http import HttpRequest, HttpResponse
from ninja import Router
from typing_extensions import TypedDict

from klatch import protocol, queries, serialize
from klatch.api.run import answer, asker, in_thread, run
from klatch.presence import presence

router = Router(tags=["people"])


class Me(TypedDict):
    you: protocol.User
    rooms: list[protocol.MyRoom]


@router.get("/me", response=Me, summary="Who I am, and my rooms")
async def me(request: HttpRequest) -> HttpResponse:
    user = asker(request, "me")

    def read() -> Me:
        mine = queries.my_memberships(user)
        people = queries.people_of([row.room for row in mine])
        rooms = [
            serialize.my_room(row, presence.online_in(row.room_id), people[row.room_id] if row.room.is_direct else None)
            for row in mine
        ]
        return {"you": serialize.user(user), "rooms": rooms}

    return answer(await in_thread(read))


@router.get("/people", response=protocol.PeoplePage, summary="Whom I may write to")
async def people(request: HttpRequest, q: str | None = None) -> HttpResponse:
    return await run(request, "people", q=q)
