"""One function for each part that every message goes through. Nothing is asserted of times: compare two runs."""

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from klatch import protocol, serialize, text
from klatch.models import Message, Room
from klatch.realtime.connection import Chunk, Connection
from klatch.realtime.feed import Feed
from klatch.realtime.hub import Hub
from klatch.relay import Envelope
from klatch.text.search import parse_query, tokens

PLAIN = "did you see the new numbers? let us talk about them at lunch today"
MARKED = "**Look** at `this`:\n\n```python\nprint('hello')\n```\n- [docs](https://example.org)\n- @rosa knows"


class Nothing:
    """A transport that takes everything."""

    async def __call__(self, message: dict[str, Any]) -> None: ...


def hub(followers: int) -> Hub:
    made = Hub(schedule=lambda call, seconds: None)
    for number in range(followers):
        connection = Connection(Nothing(), number, 2**20, lambda code: None)
        made.add(connection)
        made.attach(connection, 1)
    return made


def envelopes(count: int, begin: int = 1) -> list[Envelope]:
    return [Envelope("message.posted", 1, number, 0, "x" * 500) for number in range(begin, begin + count)]


def message() -> Message:
    author = SimpleNamespace(pk=1, get_username=lambda: "rosa", get_full_name=lambda: "Rosa Lindqvist")
    row = Message(pk=9, position=9, seq=9, rev=9, client_id=uuid.uuid4(), body=PLAIN, html=PLAIN, at=datetime.now(UTC))
    row.room = Room(pk=1)
    row._state.fields_cache["author"] = author
    row._state.fields_cache["reply_to"] = None
    return row


@pytest.mark.parametrize("events", [1, 64])
def test_hub_delivers_to_a_hundred(benchmark: Any, events: int) -> None:
    there, batch = hub(100), envelopes(events)

    def tick() -> None:
        for envelope in batch:
            there.deliver(envelope)
        there.flush()

    benchmark(tick)


def test_connection_joins_chunks_of_three_rooms(benchmark: Any) -> None:
    connection = Connection(Nothing(), 1, 2**20, lambda code: None)
    chunks = [Chunk(["x" * 500]) for _ in range(3)]

    def tick() -> None:
        for chunk in chunks:
            connection.offer(chunk)
        connection.flush()

    benchmark(tick)


def test_feed_takes_a_thousand_in_order(benchmark: Any) -> None:
    batch = envelopes(1_000)

    def take() -> None:
        feed = Feed(1)
        feed.start(0)
        assert len(feed.accept(batch)) == 1_000

    benchmark(take)


def test_feed_takes_a_thousand_backwards(benchmark: Any) -> None:
    batch = envelopes(1_000)[::-1]

    def take() -> None:
        feed = Feed(1)
        feed.start(0)
        assert len(feed.accept(batch)) == 1_000

    benchmark(take)


def test_message_is_serialized_and_encoded(benchmark: Any) -> None:
    row = message()
    benchmark(lambda: protocol.encode(serialize.message(row)))


def test_request_is_decoded(benchmark: Any) -> None:
    frame = f'{{"op":"post","ref":1,"room":1,"client_id":"{uuid.uuid4()}","body":"{PLAIN}"}}'
    benchmark(lambda: protocol.decode(frame))


def test_a_kept_page_becomes_a_reply(benchmark: Any) -> None:
    page = protocol.Encoded('{"type":"history","room":1,"messages":[' + ",".join(["x" * 500] * 40) + '],"seq":9}')
    benchmark(lambda: protocol.reply(page, 12))


@pytest.mark.parametrize("body", [PLAIN, MARKED], ids=["plain", "marked"])
def test_text_is_rendered(benchmark: Any, body: str) -> None:
    benchmark(lambda: text.render(body))


def test_text_is_cut_into_words(benchmark: Any) -> None:
    benchmark(lambda: tokens(PLAIN))


def test_question_is_read(benchmark: Any) -> None:
    benchmark(lambda: parse_query('lunch "new numbers" tod'))
