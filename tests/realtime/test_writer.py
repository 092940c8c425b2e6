"""One send, one message; and many sends, few commits: what the writer promises to those who post."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, transaction

from klatch.actions import members, messages
from klatch.client import Client, RequestError
from klatch.errors import KlatchError, NotFound, Unavailable
from klatch.models import Event, Message, Room
from klatch.realtime import writer
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import eventually

FREE = {"RATE_LIMIT": False}


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    settings.KLATCH = FREE


def make(count: int = 2) -> tuple[Room, list[User]]:
    people = [make_user() for _ in range(count)]
    return make_room(*people), people


def count() -> int:
    return Message.objects.count()


@asynccontextmanager
async def held(server: Server) -> AsyncIterator[None]:
    """While the writer is busy with something else everything waits; then it is one batch."""
    loop, started, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def wait() -> None:
        loop.call_soon_threadsafe(started.set)
        assert go.wait(30)

    busy = server.node.writer.run(wait)
    await started.wait()
    try:
        yield
    finally:
        go.set()
        await busy


class Commits:
    """Counts the writer's transactions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        transact = writer._transact

        def counted(batch: Any) -> Any:
            results = transact(batch)
            self.sizes.append(len(batch))
            return results

        monkeypatch.setattr(writer, "_transact", counted)


async def test_the_same_message_sent_a_hundred_times_over_two_sockets_is_one_with_one_ack(server: Server) -> None:
    room, (anna, joon) = await aside(make)
    phone, laptop, other = await server.connect(anna), await server.connect(anna), await server.connect(joon)
    key = uuid.uuid4()
    sent = [client.post(room.pk, "once", client_id=key) for client in (phone, laptop) for _ in range(50)]
    async with asyncio.timeout(20):
        acks = await asyncio.gather(*sent)
    assert len({tuple(sorted((name, ack[name]) for name in ack if name != "ref")) for ack in acks}) == 1
    assert await aside(count) == 1
    await other.post(room.pk, "and then")
    assert (await other.wait_for("message.posted"))["message"]["body"] == "once"
    assert (await other.wait_for("message.posted"))["message"]["body"] == "and then"


async def test_another_author_may_use_the_same_id(server: Server) -> None:
    room, (anna, joon) = await aside(make)
    one, two = await server.connect(anna), await server.connect(joon)
    key = uuid.uuid4()
    acks = await asyncio.gather(*[client.post(room.pk, "mine", client_id=key) for client in (one, two)])
    assert acks[0]["id"] != acks[1]["id"]
    assert await aside(lambda: set(Message.objects.values_list("author", "client_id"))) == {
        (anna.pk, key),
        (joon.pk, key),
    }


async def test_the_same_id_with_other_words_in_another_room_is_the_first_message(server: Server) -> None:
    room, (anna, _) = await aside(make)
    elsewhere = await aside(make_room, anna)
    client, key = await server.connect(anna), uuid.uuid4()
    first = await client.post(room.pk, "first", client_id=key)
    for place, words in ((room, "second"), (elsewhere, "third"), (room, "x" * 20_000)):
        again = await client.post(place.pk, words, client_id=key)
        assert {**again, "ref": 0} == {**first, "ref": 0}
    assert await aside(lambda: Message.objects.get().body) == "first"


async def test_a_retry_after_an_edit_or_a_deletion_brings_nothing_back(server: Server) -> None:
    room, (anna, _) = await aside(make)
    client, key = await server.connect(anna), uuid.uuid4()
    first = await client.post(room.pk, "first", client_id=key)
    await client.request("delete", message=first["id"])
    assert (await client.post(room.pk, "first", client_id=key))["id"] == first["id"]
    assert await aside(lambda: Message.objects.get().deleted)


async def test_a_retry_by_somebody_removed_meanwhile_is_acknowledged_and_a_new_message_is_not(server: Server) -> None:
    room, (anna, joon) = await aside(make)
    client, key = await server.connect(joon), uuid.uuid4()
    first = await client.post(room.pk, "stored, but the ack was lost", client_id=key)
    await aside(members.remove, anna, room.pk, joon.pk)
    assert (await client.post(room.pk, "stored, but the ack was lost", client_id=key))["id"] == first["id"]
    with pytest.raises(RequestError, match="not_found"):
        await client.post(room.pk, "more")
    assert await aside(count) == 1


async def test_what_many_people_post_at_once_takes_few_commits(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    room, people = await aside(make, 8)
    clients = [await server.connect(person) for person in people]
    commits = Commits(monkeypatch)
    async with held(server):
        sent = [
            asyncio.create_task(client.post(room.pk, f"{client.you['username']} {number}"))
            for number in range(25)
            for client in clients
        ]
        await eventually(lambda: server.node.writer._jobs.qsize() == 200)
    acks = await asyncio.gather(*sent)
    assert max(commits.sizes) == 200
    first = min(ack["seq"] for ack in acks)
    assert sorted(ack["seq"] for ack in acks) == list(range(first, first + 200))
    assert sorted(ack["position"] for ack in acks) == list(range(1, 201))
    # Each author's own order is kept.
    for author in people:
        said = await aside(
            lambda pk: list(Message.objects.filter(author=pk).order_by("seq").values_list("body", flat=True)),
            author.pk,
        )
        assert said == [f"{author.username} {number}" for number in range(25)]


async def test_a_refused_message_sinks_nothing_else_in_its_batch(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, (anna, _) = await aside(make)
    stranger = await aside(make_user)
    client, other = await server.connect(anna), await server.connect(stranger)
    commits = Commits(monkeypatch)
    async with held(server):
        sent = [
            asyncio.create_task(client.request("post", room=room.pk, client_id=str(uuid.uuid4()), body=body))
            for body in ("one", " ", "two", "x" * 10_001, "three")
        ]
        sent.append(
            asyncio.create_task(other.request("post", room=room.pk, client_id=str(uuid.uuid4()), body="intruder"))
        )
        sent.append(asyncio.create_task(other.request("edit", message=987_654, body="nothing there")))
        await eventually(lambda: server.node.writer._jobs.qsize() == len(sent))
    results = await asyncio.gather(*sent, return_exceptions=True)
    codes = [result.code if isinstance(result, RequestError) else result["type"] for result in results]
    assert codes == ["ack", "invalid", "ack", "too_large", "ack", "not_found", "not_found"]
    assert max(commits.sizes) >= len(sent) - 1  # the edit is by itself where rows are locked one by one
    assert await aside(lambda: list(Message.objects.order_by("seq").values_list("body", flat=True))) == [
        "one",
        "two",
        "three",
    ]


async def test_a_message_that_the_database_refuses_sinks_nothing_else_in_its_batch(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, (anna, _) = await aside(make)
    client = await server.connect(anna)
    post_many = messages.post_many

    def failing(drafts: Any, **how: Any) -> Any:
        results = post_many(drafts, **how)
        if any(draft.body == "poison" for draft in drafts):
            raise OperationalError("disk I/O error")
        return results

    monkeypatch.setattr(messages, "post_many", failing)
    async with held(server):
        sent = [
            asyncio.create_task(client.request("post", room=room.pk, client_id=str(uuid.uuid4()), body=body))
            for body in ("one", "poison", "two")
        ]
        await eventually(lambda: server.node.writer._jobs.qsize() == len(sent))
    results = await asyncio.gather(*sent, return_exceptions=True)
    codes = [result.code if isinstance(result, RequestError) else result["type"] for result in results]
    assert codes == ["ack", "unavailable", "ack"]
    assert await aside(count) == 2
    seqs = await aside(lambda: list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True)))
    assert seqs == list(range(1, len(seqs) + 1))
    # What was rolled back was told to nobody.
    heard = [await client.wait_for("message.posted") for _ in range(2)]
    assert [frame["message"]["body"] for frame in heard] == ["one", "two"]
    assert [frame["seq"] for frame in heard] == seqs[-2:]
    monkeypatch.undo()
    assert (await client.post(room.pk, "poison"))["seq"] == seqs[-1] + 1


async def test_a_fault_of_ours_is_internal_and_keeps_its_traceback_to_itself(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, (anna, _) = await aside(make)
    client = await server.connect(anna)
    monkeypatch.setattr(messages, "post_many", lambda drafts: [][drafts])
    with pytest.raises(RequestError) as refused:
        await client.request("post", room=room.pk, client_id=str(uuid.uuid4()), body="x")
    assert refused.value.code == "internal"
    assert "list" not in str(refused.value.frame)
    monkeypatch.undo()
    assert (await client.post(room.pk, "and on"))["type"] == "ack"


async def test_an_ack_is_not_given_before_the_commit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    room, (anna, _) = await aside(make)
    client: Client = await server.connect(anna)
    seen_at_commit: list[bool] = []
    leave = transaction.Atomic.__exit__

    def watched(self: Any, *problem: Any) -> Any:
        if threading.current_thread().name == "klatch-writer" and transaction.get_connection().in_atomic_block:
            seen_at_commit.append(answer.done())
        return leave(self, *problem)

    monkeypatch.setattr(transaction.Atomic, "__exit__", watched)
    answer = asyncio.create_task(client.post(room.pk, "durable"))
    ack = await answer
    monkeypatch.undo()
    assert seen_at_commit
    assert not any(seen_at_commit)
    assert await aside(lambda: Message.objects.get().pk) == ack["id"]


async def test_a_full_queue_answers_at_once_that_it_cannot(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    room, (anna, _) = await aside(make)
    client = await server.connect(anna)
    monkeypatch.setattr(writer, "WAITING", 3)
    async with held(server):
        sent = [
            asyncio.create_task(client.request("post", room=room.pk, client_id=str(uuid.uuid4()), body=str(number)))
            for number in range(5)
        ]
        refused = [sent[3], sent[4]]
        problems = await asyncio.gather(*refused, return_exceptions=True)
        assert [problem.code for problem in problems if isinstance(problem, RequestError)] == ["unavailable"] * 2
    for accepted in sent[:3]:
        assert (await accepted)["type"] == "ack"
    assert await aside(count) == 3


async def test_what_waits_when_the_server_stops_is_still_stored(db: None) -> None:
    room, (anna, _) = await aside(make)
    made = writer.Writer()
    sent = [made.post(messages.Draft(anna, room.pk, uuid.uuid4(), f"word {number}")) for number in range(50)]
    await made.close()
    assert [done.result().position for done in sent] == list(range(1, 51))
    assert await aside(count) == 50
    late = made.post(messages.Draft(anna, room.pk, uuid.uuid4(), "too late"))
    with pytest.raises(Unavailable):
        await late


async def test_other_writes_share_the_batch_and_its_order(server: Server) -> None:
    """Post, then remove the author, then post again: the last one comes too late, though all are one batch."""
    room, (anna, joon) = await aside(make)
    made = server.node.writer
    async with held(server):
        first = made.post(messages.Draft(joon, room.pk, uuid.uuid4(), "in time"))
        gone = made.run(lambda: members.remove(anna, room.pk, joon.pk))
        late = made.post(messages.Draft(joon, room.pk, uuid.uuid4(), "too late"))
        again = made.post(messages.Draft(anna, room.pk, uuid.uuid4(), "unharmed"))
    results = await asyncio.gather(first, gone, late, again, return_exceptions=True)
    assert isinstance(results[2], NotFound)
    assert not any(isinstance(result, KlatchError) for result in (results[0], results[1], results[3]))
    assert results[0].seq + 2 == results[3].seq
