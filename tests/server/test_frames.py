"""RFC 6455 on the line of the running server, with frames made by hand; what a suite of its own tests more of.

`scripts/autobahn` runs that suite. No timing is asserted: every case waits for an answer or for the end of the line.
"""

import itertools
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.server.process import Server
from tests.server.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, Raw, frame, request, text

HELLO = json.dumps({"op": "hello", "ref": 1, "epoch": None, "rooms": {}})
WORD = "κόσμε 東京 🎉".encode()
PROTOCOL, INVALID, TOO_BIG = 1002, 1007, 1009


@pytest.fixture(scope="module")
def login(server: Server) -> dict[str, str]:
    return {"Cookie": server.set_up().cookie, "Origin": server.url}


@pytest.fixture
def lines(server: Server) -> Iterator[Callable[[], Raw]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Raw(server.url))


@pytest.fixture
def line(lines: Callable[[], Raw], login: dict[str, str]) -> Raw:
    """One that has said hello and read all of the answer."""
    made = lines().open(**login)
    assert made.status == 101
    made.send(text(HELLO))
    while b'"ready"' not in made.next().payload:
        pass
    return made


def ping(ref: int, extra: str = "") -> bytes:
    return f'{{"op":"ping","ref":{ref}{extra}}}'.encode()


def next_of(line: Raw) -> Frame:
    """The next frame that answers this line; who is online may be told at any time."""
    while (came := line.next()).opcode == TEXT and b'"ref":' not in came.payload:
        pass
    return came


def answer(line: Raw) -> dict[str, object]:
    came = next_of(line)
    assert came.opcode == TEXT
    return next(dict(one) for one in json.loads(came.payload) if "ref" in one)


# What is right


def test_a_text_is_answered_however_it_is_cut_into_fragments_and_packets(line: Raw) -> None:
    refs = itertools.count(10)
    for fragments in (1, 2, 3, 7):
        for send in (line.send, line.chop):
            said, ref = ping(next(refs)), 0
            ref = json.loads(said)["ref"]
            size = -(-len(said) // fragments)
            parts = [said[start : start + size] for start in range(0, len(said), size)]
            for number, part in enumerate(parts):
                send(frame(CONTINUATION if number else TEXT, part, fin=number == len(parts) - 1))
            assert answer(line) == {"type": "pong", "ref": ref}


def test_the_handshake_itself_may_come_a_byte_at_a_time(
    server: Server, lines: Callable[[], Raw], login: dict[str, str]
) -> None:
    line = lines()
    line.chop(request(server.url, **login))
    assert line.answered().status == 101
    line.chop(text(HELLO))
    assert answer(line)["type"] == "welcome"


def test_fragments_may_be_empty_and_part_a_letter(line: Raw) -> None:
    said = b'{"op":"people","ref":3,"q":"' + WORD + b'"}'
    middle = said.index(WORD) + 1  # within the first letter, which has two bytes
    line.send(frame(TEXT, b"", fin=False), frame(CONTINUATION, said[:middle], fin=False))
    line.send(frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, said[middle:]))
    assert answer(line)["type"] == "people"


def test_pings_are_answered_in_order_between_the_fragments_of_a_text(line: Raw) -> None:
    said = ping(4)
    line.send(frame(TEXT, said[:5], fin=False), frame(PING, b"one"), frame(CONTINUATION, said[5:9], fin=False))
    line.send(frame(PING, b"two"), frame(PONG, b"nobody asked"), frame(CONTINUATION, said[9:]), frame(PING, b"three"))
    came = [next_of(line) for _ in range(4)]
    assert [made.payload for made in came if made.opcode == PONG] == [b"one", b"two", b"three"]
    assert [json.loads(made.payload) for made in came if made.opcode == TEXT] == [[{"type": "pong", "ref": 4}]]


def test_a_hundred_pings_in_one_packet_are_answered_in_order(line: Raw) -> None:
    payloads = [str(number).encode() for number in range(100)]
    line.send(*[frame(PING, payload) for payload in payloads])
    assert [next_of(line) for _ in payloads] == [(PONG, payload) for payload in payloads]


@pytest.mark.parametrize("payload", [b"", b"x" * 125, b"\x00\xff\xfe\x80"], ids=["none", "largest", "no text"])
def test_a_ping_comes_back_with_its_bytes(line: Raw, payload: bytes) -> None:
    line.send(frame(PING, payload))
    assert next_of(line) == (PONG, payload)


def test_compression_is_never_agreed_to(lines: Callable[[], Raw], login: dict[str, str]) -> None:
    offers = ("permessage-deflate", "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame")
    for offer in offers:
        opened = lines().open(Sec_WebSocket_Extensions=offer, **login)
        assert opened.status == 101
        assert "sec-websocket-extensions" not in opened.headers


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_its_code_and_ends_the_line(line: Raw, code: int) -> None:
    line.send(frame(CLOSE, struct.pack("!H", code) + "bye ✓".encode()))
    assert line.closed() == code
    assert line.ended()


def test_a_close_without_a_code_is_answered_and_what_follows_is_not(line: Raw) -> None:
    line.send(frame(CLOSE), text(ping(5).decode()), frame(PING, b"late"))
    assert next_of(line).opcode == CLOSE
    assert line.ended()


# What is wrong

WRONG: dict[str, tuple[int, bytes]] = {
    **{f"reserved bit {bit}": (PROTOCOL, frame(TEXT, ping(1), rsv=bit)) for bit in (1, 2, 4, 7)},
    **{f"reserved bit {bit} of a ping": (PROTOCOL, frame(PING, b"x", rsv=bit)) for bit in (1, 2, 4)},
    **{f"opcode {opcode}": (PROTOCOL, frame(opcode, b"x")) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a text without a mask": (PROTOCOL, frame(TEXT, ping(1), mask=False)),
    "a ping without a mask": (PROTOCOL, frame(PING, b"x", mask=False)),
    "a ping of 126 bytes": (PROTOCOL, frame(PING, b"x" * 126)),
    "a pong of 126 bytes": (PROTOCOL, frame(PONG, b"x" * 126)),
    "a close of 126 bytes": (PROTOCOL, frame(CLOSE, struct.pack("!H", 1000) + b"x" * 124)),
    "a ping in fragments": (PROTOCOL, frame(PING, b"x", fin=False) + frame(CONTINUATION, b"y")),
    "a close in fragments": (PROTOCOL, frame(CLOSE, struct.pack("!H", 1000), fin=False)),
    "a continuation of nothing": (PROTOCOL, frame(CONTINUATION, ping(1))),
    "a continuation of nothing that goes on": (PROTOCOL, frame(CONTINUATION, b"x", fin=False)),
    "a text within a text": (PROTOCOL, frame(TEXT, b"{", fin=False) + frame(TEXT, ping(1))),
    "bytes within a text": (PROTOCOL, frame(TEXT, b"{", fin=False) + frame(BINARY, b"x")),
    "a close of one byte": (PROTOCOL, frame(CLOSE, b"\x03")),
    **{
        f"close code {code}": (PROTOCOL, frame(CLOSE, struct.pack("!H", code)))
        for code in (0, 1, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    "a reason that is no text": (INVALID, frame(CLOSE, struct.pack("!H", 1000) + b"\xce\xba\xe1\xbd")),
    **{
        f"no UTF-8: {name}": (INVALID, frame(TEXT, b'{"op":"' + junk + b'"}'))
        for name, junk in {
            "a lone byte": b"\x80", "a cut letter": b"\xce", "too long a form": b"\xc0\xaf",
            "a surrogate": b"\xed\xa0\x80", "beyond Unicode": b"\xf4\x90\x80\x80", "no such byte": b"\xff",
            "five bytes": b"\xf8\x88\x80\x80\x80",
        }.items()
    },
    "no UTF-8 in a later fragment": (INVALID, frame(TEXT, WORD, fin=False) + frame(CONTINUATION, b"\xed\xa0\x80")),
    "a letter that never ends": (INVALID, frame(TEXT, WORD[:1], fin=False) + frame(CONTINUATION, b"")),
    "64 KiB and a byte": (TOO_BIG, frame(TEXT, b"x" * 65_537)),
    "an exabyte, announced": (TOO_BIG, frame(TEXT, b"", size=2**60)),
    "64 KiB and a byte in fragments": (
        TOO_BIG, frame(TEXT, b"x" * 65_536, fin=False) + frame(CONTINUATION, b"x", fin=False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_ends_the_line_with_its_code_and_nothing_after_it_is_read(
    line: Raw, code: int, said: bytes
) -> None:
    line.send(said, text(ping(6).decode()))
    came = next_of(line)
    assert (came.opcode, came.code) == (CLOSE, code)
    assert line.ended()


@pytest.mark.parametrize("said", ["opcode 3", "opcode 11", "a text without a mask"])
def test_two_bytes_are_enough_to_see_that_a_frame_is_wrong(line: Raw, said: str) -> None:
    code, data = WRONG[said]
    line.chop(data[:2])
    assert line.closed() == code


def test_a_text_that_is_no_text_is_refused_a_byte_at_a_time_as_well(line: Raw) -> None:
    code, data = WRONG["no UTF-8: a cut letter"]
    line.chop(data)
    assert line.closed() == code


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_who_sends_more_pings_or_pongs_than_anybody_needs_is_sent_away(line: Raw, opcode: int) -> None:
    line.send(frame(opcode, b"x" * 125) * 501)
    assert line.closed() == 1008
    assert line.ended()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_WebSocket_Version": "12"},
        {"Sec_WebSocket_Version": ""},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Key": "no base64 in here at all"},
    ],
)
def test_a_handshake_that_is_wrong_gets_no_socket(
    lines: Callable[[], Raw], login: dict[str, str], headers: dict[str, str]
) -> None:
    assert 400 <= lines().open(**login, **headers).status < 500
