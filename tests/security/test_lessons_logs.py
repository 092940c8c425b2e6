"""Lessons of what is written down and sent back: no byte of people's moves a terminal or becomes a header."""

import pytest

from klatch.client import Client
from tests.security.wire import Served, answer

FORGED = "\x1b[2Jforged"
FORGED_LINE = "x\r\nX-Forged: yes\r\n\r\nforged"


def test_nothing_that_people_write_moves_a_terminal_or_adds_a_header(served: Served) -> None:
    """Lesson 7."""
    raw = [
        served.handshake(b"Origin: http://a\x1b[2Jforged", b"Authorization: Bearer " + served.tokens[0].encode()),
        served.handshake(b"Origin: http://a\x9b2Jforged\xc2\x9b", b"Cookie: a=b"),
        b"GET / HTTP/1.1\r\nHost: a\x1b[2Jforged\r\n\r\n",
        b"GET /no%1b%5b2Jforged%0d%0aX-Forged:%20yes HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /no?%1b%5b2Jforged%0d%0aX-Forged:%20yes HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /accounts/login/?next=%0d%0aX-Forged:%20yes%1b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"POST /people/%1b%0d%0aforged HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"GET /\x1b[2Jforged HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x1b[2Jforged\r\n\r\n",
    ]
    for request in raw:
        with served.line() as line:
            line.sendall(request)
            head = answer(line).partition(b"\r\n\r\n")[0]
            assert b"x-forged" not in head.lower(), request
            assert b"\x1b" not in head, request
    rosa = served.rosa
    for name in (FORGED, FORGED_LINE):
        page = rosa.post("/account/profile/", form_at="/account/", name=name, email="rosa@example.org")
        assert page.headers.get("X-Forged") is None
        page = rosa.post("/people/1/deactivate/", form_at="/people/", back=name)
        assert page.headers.get("X-Forged") is None
        assert page.status == 302
        page = served.server.browser().get("/accounts/login/")
        page = rosa.post("/account/language/", form_at="/account/", language="en", next=f"/account/?{name}")
        assert page.headers.get("X-Forged") is None
    rosa.post("/account/profile/", form_at="/account/", name="Rosa Lindqvist", email="rosa@example.org")
    # Something was written down of all this, and nothing of it as it came.
    served.server.said("may not open a socket")
    written = "\n".join(served.server.lines)
    assert "forged" in written
    assert not any((ord(sign) < 32 and sign != "\n") or 127 <= ord(sign) < 160 for sign in written)
    assert not any(line.startswith(("forged", "X-Forged")) for line in served.server.lines)


@pytest.mark.parametrize("name", [FORGED, FORGED_LINE])
async def test_a_name_of_a_room_is_one_line_without_controls(served: Served, name: str) -> None:
    """Lesson 7."""
    async with Client(served.address, token=served.tokens[1]) as client:
        made = await client.request("create", name=name, description=name)
        room = made["room"]
        assert room["name"].isprintable()
        assert "\x1b" not in room["description"]
        assert room["slug"].isprintable()
