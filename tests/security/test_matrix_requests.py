"""The matrix over REST and on the socket: every request × everybody, and what those outside must not be sent.

Nothing that is asked here stays: each request's transaction is taken back.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model, Sum

from klatch.api import api
from klatch.commands import COMMANDS
from klatch.errors import Close
from klatch.models import Ban, Event, Invite, Membership, Message, Reaction, Room, Token
from klatch.protocol import REQUESTS
from klatch.realtime import writer
from tests.api.conftest import Asker
from tests.conftest import Server, aside, make_token
from tests.frames import check
from tests.realtime.lines import Line, line, talking
from tests.security.standings import INSIDE, KINDS, NAMED, OUTSIDE, SAID, Around, surroundings
from tests.security.table import (
    BY_BOTH,
    ENDPOINTS,
    ON_THE_SOCKET,
    READING,
    READS,
    REST_READS,
    ROWS,
    Row,
    reading_only,
)  # fmt: skip

REST_ONLY = {"me", "create_invite", "revoke_invite", "list_tokens", "create_token", "revoke_token"}
# The owner comes in more ways than one; somebody comes with nothing that is worth anything.
WAYS = {"owner by session": "session", "owner without a CSRF token": "no csrf", "owner's token for reading": "reading"}
NOBODIES = ("anonymous", "forged token", "revoked token")

of_every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    settings.KLATCH = {"RATE_LIMIT": False}


# Complete by construction


def test_every_op_and_every_endpoint_has_its_rows() -> None:
    on_the_wire = {kind.model_fields["op"].default for kind in REQUESTS}
    assert {row.op for row in ROWS.values()} == on_the_wire | REST_ONLY
    assert {row.op for row in ON_THE_SOCKET.values()} == on_the_wire - set(COMMANDS)
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    assert set(ENDPOINTS) == {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert set(ENDPOINTS.values()) == set(COMMANDS) | REST_ONLY


def test_every_row_says_something_for_everybody_around_every_kind_of_room() -> None:
    for name, row in ROWS.items():
        for kind in KINDS:
            assert set(row.says(kind)) == {*INSIDE, *OUTSIDE}, name


def test_what_a_token_for_reading_may_do_is_what_changes_nothing() -> None:
    assert {op for op, command in COMMANDS.items() if not command.writes} <= READS
    assert {op for op, command in COMMANDS.items() if command.writes} & (READS | REST_READS) == set()
    for (method, _), op in ENDPOINTS.items():
        assert (op in READS | REST_READS) == (method == "GET"), op


# REST


def over_rest(asker: Asker, row: Row, fields: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of what was asked."""
    ((method, path),) = [key for key, op in ENDPOINTS.items() if op == row.op]
    left = dict(fields)
    path = re.sub(r"\{(\w+)\}", lambda found: str(left.pop(found[1])), path)
    if method == "GET" and left:
        path += "?" + "&".join(f"{name}={value}" for name, value in left.items())
    answer = asker.raw(method, path, left if left and method != "GET" else None)
    return answer.status_code, json.loads(answer.content) if answer.content else None, dict(answer.headers)


STATUS = {"ok": (200, 204), "not_found": (404,), "forbidden": (403,), "unauthenticated": (401,), "archived": (409,)}


def outcome(row: Row, answer: tuple[int, Any, dict[str, str]]) -> str:
    status, body, _ = answer
    said = "ok" if status < 400 else str(body["code"])
    assert status in STATUS[said]
    if said != "ok" or (row.op not in REST_ONLY):
        check(body)
    return said


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def everything() -> list[Any]:
    """What a refused request must leave as it was."""
    kept: list[tuple[type[Model], str]] = [
        (Event, "seq"), (Message, "rev"), (Membership, "read"), (Room, "seq"), (Reaction, "pk"), (Ban, "pk"),
        (Invite, "uses"), (Token, "pk"),
    ]  # fmt: skip
    sums = [model._default_manager.aggregate(n=Sum(number))["n"] for model, number in kept]
    ended = [model._default_manager.filter(revoked_at=None).count() for model in (Invite, Token)]
    return [*sums, *ended, *Membership.objects.order_by("pk").values_list("role", flat=True)]


@pytest.mark.django_db
@of_every_kind
@pytest.mark.parametrize("standing", [*INSIDE, *OUTSIDE, *WAYS, *NOBODIES])
def test_over_rest_everybody_is_told_what_the_table_says(kind: str, standing: str) -> None:
    on = surroundings(kind)
    nowhere, me = on.nowhere(), standing if standing in on.people else "owner"
    asker = _asker(on, standing)
    before = everything()
    told: dict[str, str] = {}
    for name, row in BY_BOTH.items():
        with undone():
            answer = over_rest(asker, row, row.fields(on, me))
        told[name] = outcome(row, answer)
        if told[name] != "ok":
            assert everything() == before, f"{name} was refused and changed something"
        if told[name] == "not_found" or standing in NOBODIES:
            with undone():
                assert over_rest(asker, row, row.fields(nowhere, me)) == answer, f"{name} tells what is there"
        if standing in NOBODIES:
            assert answer[1] == {"type": "error", "code": "unauthenticated", "detail": "Log in first."}
            assert answer[2]["WWW-Authenticate"] == "Bearer"
        if standing in OUTSIDE or standing in NOBODIES:
            assert [word for word in on.hidden if word in str(answer[1:])] == [], name
    assert told == {name: _expected(row, kind, standing) for name, row in BY_BOTH.items()}


def _asker(on: Around, standing: str) -> Asker:
    if standing in WAYS:
        return Asker(on["owner"], way=WAYS[standing])
    asker = Asker(on.people.get(standing))
    if standing == "forged token":
        asker.headers["Authorization"] = "Bearer klatch_forged"
    if standing == "revoked token":
        asker.headers["Authorization"] = f"Bearer {make_token(on['owner'])}"
        Token.objects.filter(name="tests").update(revoked_at="2026-01-01T00:00Z")
    return asker


def _expected(row: Row, kind: str, standing: str) -> str:
    if standing in NOBODIES:
        return "unauthenticated"
    if standing == "owner's token for reading":
        return reading_only(row, kind)
    if standing == "owner without a CSRF token" and row.op not in READS | REST_READS:
        return "forbidden"
    return row.says(kind)["owner" if standing in WAYS else standing]


@pytest.mark.django_db
@of_every_kind
def test_the_words_that_outsiders_must_not_see_are_there_for_those_inside(kind: str) -> None:
    on = surroundings(kind)
    shown = {name: str(over_rest(Asker(on["member"]), row, row.fields(on, "member"))) for name, row in READING.items()}
    for name in ("history", "history around", "search the room", "search everywhere", "search back from a message"):
        assert SAID in shown[name], name
    for name in ("me", "rooms", "rooms by name"):
        assert NAMED in shown[name], name
    assert on.room.slug in shown["me"]


@pytest.mark.django_db
def test_a_token_for_reading_is_told_why_in_a_sentence_and_a_session_beside_it_lends_it_nothing() -> None:
    on = surroundings("private")
    asker = Asker(on["owner"], way="session")
    asker.headers["Authorization"] = f"Bearer {make_token(on['owner'], 'read')}"
    answer = asker.ask("POST", f"/rooms/{on.room.pk}/messages", {"body": "hello"})
    assert answer == (403, {"type": "error", "code": "forbidden", "detail": "This token may only read."})
    # Nor does it make itself a better one.
    assert asker.ask("POST", "/tokens", {"name": "x", "scope": "write"})[0] == 403


# The socket


@pytest.fixture
async def undoing(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server whose writer takes back whatever it did, after it has made the answers."""
    commit = writer._transact

    def undone(batch: Any) -> Any:
        with transaction.atomic():
            try:
                return commit(batch)
            finally:
                transaction.set_rollback(True)

    monkeypatch.setattr(writer, "_transact", undone)
    return server


@pytest.fixture
async def lines(undoing: Server, kind: str) -> AsyncIterator[tuple[Around, dict[str, Line]]]:
    on = await aside(surroundings, kind)
    async with AsyncExitStack() as stack:
        made = {name: await stack.enter_async_context(talking(undoing, on[name])) for name in INSIDE + OUTSIDE}
        reader = f"Bearer {await aside(make_token, on['owner'], 'read')}"
        made["owner's token for reading"] = await stack.enter_async_context(line(undoing, authorization=reader))
        await made["owner's token for reading"].hello()
        yield on, made


async def on_the_socket(talk: Line, row: Row, fields: dict[str, Any]) -> dict[str, Any]:
    """The answer, or that there was none, which is as good as an ack."""
    await talk.send(op=row.op, ref=7, **fields)
    if row.op == "typing":
        said = [frame for frame in await talk.rest() if frame.get("ref") == 7]
        return said[0] if said else {"type": "nothing"}
    while (frame := await talk.next()).get("ref") != 7:
        pass
    return check(frame)


@of_every_kind
async def test_on_the_socket_everybody_is_told_what_the_table_says(
    lines: tuple[Around, dict[str, Line]], kind: str
) -> None:
    on, talks = lines
    nowhere = on.nowhere()
    rows = {name: row for name, row in ROWS.items() if row.op not in REST_ONLY}
    for standing, talk in talks.items():
        me = standing if standing in on.people else "owner"
        told: dict[str, str] = {}
        for name, row in rows.items():
            answer = await on_the_socket(talk, row, row.fields(on, me))
            told[name] = str(answer["code"]) if answer["type"] == "error" else "ok"
            if told[name] == "not_found":
                assert await on_the_socket(talk, row, row.fields(nowhere, me)) == answer, f"{name} tells what is there"
            if standing in OUTSIDE:
                assert [word for word in on.hidden if word in str(answer)] == [], name
        reading = standing not in on.people
        assert told == {
            name: reading_only(row, kind) if reading else row.says(kind)[me] for name, row in rows.items()
        }, standing
        if standing in OUTSIDE:
            assert [word for word in on.hidden if word in str(await talk.rest())] == []


async def test_a_socket_opens_for_nobody_without_a_login_that_is_good(server: Server) -> None:
    async with line(server, authorization="Bearer klatch_forged") as forged:
        assert await forged.closed() == Close.UNAUTHENTICATED
    async with line(server, authorization="Bearer") as empty:
        assert await empty.closed() == Close.UNAUTHENTICATED
    async with line(server, cookie="sessionid=forged", origin=server.url) as guessed:
        assert await guessed.closed() == Close.UNAUTHENTICATED
