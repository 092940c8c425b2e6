"""The generator's framing, against the websockets library as a second opinion."""

import pytest
from bench.frames import client_frame, server_header
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader


def decoded(data: bytes) -> Frame:
    """What a server reads of it."""
    reader = StreamReader()
    reader.feed_data(data)
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    return done.value.value


@pytest.mark.parametrize("size", [0, 1, 3, 125, 126, 65_535, 65_536])
def test_a_client_frame_is_read_back_whole(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    frame = decoded(client_frame(payload))
    assert (frame.opcode, frame.data) == (Opcode.TEXT, payload)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_the_header_of_a_server_frame_says_where_the_payload_is(size: int) -> None:
    data = bytearray(b"??" + Frame(Opcode.TEXT, b"x" * size).serialize(mask=False))
    header = server_header(data, 2, len(data))
    assert header == (1, len(data) - size, len(data))


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 9])
def test_a_header_that_is_not_all_there_is_awaited(cut: int) -> None:
    data = bytearray(Frame(Opcode.TEXT, b"x" * 65_536).serialize(mask=False))
    assert server_header(data, 0, cut) is None


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=False),
        Frame(Opcode.CONT, b"x").serialize(mask=False),
        b"\xc1\x01x",
        Frame(Opcode.TEXT, b"x").serialize(mask=True),
    ],
    ids=["fragment", "continuation", "compressed", "masked"],
)
def test_a_frame_that_the_generator_cannot_count_stops_it(frame: bytes) -> None:
    with pytest.raises(ValueError, match="does not speak"):
        server_header(bytearray(frame), 0, len(frame))
