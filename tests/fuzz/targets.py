"""What must hold for any bytes at all: one function a harness. Each raises, for whoever feeds it, when it does not."""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

from klatch import protocol
from klatch.actions.reactions import check_emoji
from klatch.errors import BadFrame, Invalid, UnknownOp
from klatch.relay import pack, unpack
from klatch.text import clean, excerpt, fts5_match, mentions, parse_query, render, tokens
from klatch.text.emoji import replace_shortcodes
from klatch.text.search import FTS5_TOKENIZER, LONGEST_TOKEN, MOST_PHRASES, MOST_WORDS
from tests.fuzz import jumble
from tests.fuzz.world import World
from tests.text.allowed import read
from tests.text.cost import FULL, affordable, treat

_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
_REORDERING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def frame(data: bytes) -> None:
    """What follows “=”, or a frame made of the bytes: a request that says the same again, or one of three refusals."""
    decoded(text_of(data[1:]) if data[:1] == b"=" else jumble.frame(data))


def decoded(text: str) -> Any:
    request, refused = None, None
    try:
        request = protocol.decode(text)
    except (BadFrame, UnknownOp, Invalid) as problem:
        refused = problem
    if refused is not None:
        assert refused.extra.keys() <= {"ref", "fields"}
        told = protocol.encode(refused.as_dict())
        assert len(told) < 8_000
        from_json(told)
        return None
    assert isinstance(request, protocol.Request)
    assert protocol.decode(protocol.encode(request.model_dump())) == request
    return request


def relay(data: bytes) -> None:
    """What comes over the bus is a batch of ours or a ``ValueError``."""
    try:
        sender, batch = unpack(data[1:] if data[:1] == b"=" else jumble.batch(data))
    except ValueError:
        return
    for envelope in batch:
        assert type(envelope.kind) is str
        assert type(envelope.text) in (str, type(None))
        assert all(type(number) is int and number >= 0 for number in (envelope.room, envelope.seq, envelope.user))
    assert unpack(pack(sender, batch)) == (sender, batch)


def text(data: bytes) -> None:
    """A body: what is stored, what is shown and the line beside a name."""
    body = text_of(data)
    stored = clean(body)
    assert clean(stored) == stored == stored.rstrip()
    assert not _UNSTORABLE.search(stored)
    html = render(body)
    assert render(stored) == html
    reader = read(html)
    assert reader.problems == [], reader.problems
    assert not _UNSTORABLE.search(html)
    assert bool(html) == bool(stored)
    assert len(html) <= 60 * len(body) + 200, (len(html), len(body))
    names = [attributes["data-name"] for tag, attributes in reader.seen if attributes.get("class") == "mention"]
    assert mentions(html) == list(dict.fromkeys(names))
    line = excerpt(body)
    assert len(line) <= 140
    assert line == " ".join(line.split())
    assert not _UNSTORABLE.search(line)
    assert not _REORDERING.search(line)


_database = sqlite3.connect(":memory:", check_same_thread=False)
_database.execute(
    "CREATE VIRTUAL TABLE found USING fts5(words, tokenize='{}')".format(FTS5_TOKENIZER.replace("'", "''"))
)


def search(data: bytes) -> None:
    """Words hold no syntax of a query, and any query is one that the database takes."""
    body = text_of(data)
    phrases = parse_query(body)
    assert len(phrases) <= MOST_PHRASES
    asked = [word for phrase in phrases for word in phrase.words]
    assert len(asked) <= MOST_WORDS
    for word in [*tokens(body), *asked]:
        assert 0 < len(word) <= LONGEST_TOKEN
        assert not set(word) & set(" \t\n\"'*:^()+-&|!<>{}\\_,.;")
        assert tokens(word) == [word]
    if phrases:
        _database.execute("SELECT rowid FROM found WHERE found MATCH ?", [fts5_match(phrases)]).fetchall()


def emoji(data: bytes) -> None:
    """A reaction carries no words and no markup; short codes only ever become emoji."""
    given = text_of(data)
    shown = replace_shortcodes(given)
    assert len(shown) <= len(given)
    try:
        check_emoji(given)
    except Invalid:
        return
    # Digits, “#” and “*” only as a keycap; “ℹ”, “Ⓜ” and the like are signs in Unicode's eyes, or so we take them.
    assert not any(ch.isspace() or ch in "<>&\"'@/\\`" for ch in given)
    assert not any(unicodedata.category(ch) in ("Lu", "Lt", "Lm", "Lo", "Cc", "Cs") for ch in given)


def bounds(data: bytes) -> None:
    """No short text becomes slow by being repeated to the full size."""
    seed, _, end = text_of(data[:64]).partition("\0")
    body = ((seed or "a") * FULL)[: FULL - 50 * len(end)] + end * 50
    assert affordable(treat, body), (seed, end)
    assert affordable(clean, body), (seed, end)
    assert read(render(body)).problems == []


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def op(data: bytes) -> None:
    """Requests run to their replies, for a person in a database whose other half they may not see."""
    with World.current().untouched() as world:
        for part in data.split(b"\n")[:4]:
            request = decoded(text_of(part) if part.startswith(b"{") else jumble.frame(part, world.ids))
            if request is not None:
                reply = world.run(request)
                assert world.secret not in json.dumps(reply)


TARGETS: dict[str, Callable[[bytes], None]] = {
    work.__name__: work for work in (frame, relay, text, search, emoji, bounds, op)
}
