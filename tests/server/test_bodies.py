"""The running server bounds what a request brings with its body."""

import itertools
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.server.process import Server
from tests.server.raw import Raw

LIMIT = 4 * 2**20


@pytest.fixture
def line(server: Server) -> Iterator[Raw]:
    with Raw(server.url) as made:
        yield made


def post(server: Server, length: int, kind: str = "Content-Length") -> bytes:
    value = str(length) if kind == "Content-Length" else "chunked"
    return f"POST /accounts/login/ HTTP/1.1\r\nHost: {server.url[7:]}\r\n{kind}: {value}\r\n\r\n".encode()


@pytest.mark.parametrize("kind", ["Content-Length", "Transfer-Encoding"])
def test_a_body_without_end_ends_the_line_before_it_fills_the_disk(server: Server, line: Raw, kind: str) -> None:
    line.send(post(server, 2**40, kind))
    piece = b"x" * 65_536
    if kind == "Transfer-Encoding":
        piece = b"10000\r\n" + piece + b"\r\n"
    sent = 0
    with suppress(ConnectionError):
        for _ in itertools.repeat(None, 4_096):
            line.send(piece)
            sent += 65_536
    assert LIMIT <= sent < 64 * 2**20
    assert line.ended()


def test_a_body_of_usual_size_is_read_and_the_next_request_on_the_line_as_well(server: Server, line: Raw) -> None:
    for _ in range(2):
        line.send(post(server, 100_000), b"x" * 100_000)
        assert line.answered().status == 403  # no CSRF token
        line.passed_over(int(line.headers["content-length"]))
