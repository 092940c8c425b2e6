"""Invite links and API tokens: secrets that are shown once."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from typing_extensions import TypedDict

from klatch import protocol, queries, serialize
from klatch.actions import invites, tokens
from klatch.api.run import answer, asker, in_thread, written
from klatch.models import Token

router = Router(tags=["links"])


class NewInvite(Schema):
    room: protocol.Id
    max_uses: int = 0


class MadeInvite(TypedDict):
    id: int
    room: int
    secret: str
    expires_at: str


class NewToken(Schema):
    name: str
    scope: Literal["read", "write"] = "write"


class TokenOut(TypedDict):
    id: int
    name: str
    scope: str
    hint: str
    created_at: str


class MadeToken(TokenOut):
    secret: str


class Tokens(TypedDict):
    tokens: list[TokenOut]


def _out(row: Token) -> TokenOut:
    return {
        "id": row.pk,
        "name": row.name,
        "scope": row.scope,
        "hint": row.hint,
        "created_at": serialize.time(row.created_at),
    }


@router.post("/invites", response=MadeInvite, summary="Make an invite link into a room; the secret goes behind /join/")
async def create_invite(request: HttpRequest, invite: NewInvite) -> HttpResponse:
    user = asker(request, "create_invite")

    def make() -> MadeInvite:
        room = queries.membership(user, invite.room).room
        row, secret = invites.create_invite(user, room, max_uses=invite.max_uses)
        return {"id": row.pk, "room": room.pk, "secret": secret, "expires_at": serialize.time(row.expires_at)}

    return answer(await written(make))


@router.delete("/invites/{invite}", response={204: None}, summary="Take an invite link back")
async def revoke_invite(request: HttpRequest, invite: int) -> HttpResponse:
    user = asker(request, "revoke_invite")
    await written(lambda: invites.revoke_invite(user, invite))
    return HttpResponse(status=204)


@router.get("/tokens", response=Tokens, summary="My API tokens")
async def list_tokens(request: HttpRequest) -> HttpResponse:
    user = asker(request, "list_tokens")
    rows = await in_thread(lambda: list(Token.objects.filter(user_id=user.pk, revoked_at=None).order_by("pk")))
    return answer({"tokens": [_out(row) for row in rows]})


@router.post("/tokens", response=MadeToken, summary="Make an API token")
async def create_token(request: HttpRequest, token: NewToken) -> HttpResponse:
    user = asker(request, "create_token")
    row, secret = await written(lambda: tokens.create_token(user, token.name, token.scope))
    return answer({**_out(row), "secret": secret})


@router.delete("/tokens/{token}", response={204: None}, summary="Revoke an API token; its sockets close")
async def revoke_token(request: HttpRequest, token: int) -> HttpResponse:
    user = asker(request, "revoke_token")
    await written(lambda: tokens.revoke_token(user, token))
    return HttpResponse(status=204)
