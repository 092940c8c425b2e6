"""Who means harm, on the line of the running server: checks 32 and 35. What others feel is measured, not asserted."""

import asyncio
import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psutil
import pytest

from tests.faults.place import Place
from tests.faults.storms import Start, finish, talkers
from tests.faults.talkers import Talker
from tests.server.raw import CONTINUATION, PING, PONG, TEXT, Raw, frame, request, text

MIB = 2**20
DEADLINE = 10.0  # seconds in which whoever does not get on is sent away
FORM_DEADLINE = 30.0
GRACE = 3.0
CROWD = int(os.environ.get("FAULT_HALF_OPEN", "2000"))
HELLO = '{"op":"hello","ref":1,"epoch":null,"rooms":{}}'


def memory(here: Place) -> float:
    process = here.servers[0].process
    assert process is not None
    return psutil.Process(process.pid).memory_info().rss / MIB


@asynccontextmanager
async def others(here: Place) -> AsyncIterator[dict[str, float]]:
    """Two people who talk meanwhile; how long their acks took, before and during, and what the process grew by."""
    people = await talkers(here, 2)
    found: dict[str, float] = {}

    async def talk(until: Callable[[], bool]) -> float:
        for talker in people:
            talker.sent = {}
        while not until():
            await asyncio.gather(*[talker.post("still here") for talker in people])
            await asyncio.sleep(0.02)
        took = sorted(sent.acked - sent.called for talker in people for sent in talker.sent.values() if sent.acked)
        return round(took[int(len(took) * 0.99)], 3)

    began = time.monotonic()
    found["ack_p99_before"] = await talk(lambda: time.monotonic() - began > 2)
    earlier = [talker.sent for talker in people]
    done = asyncio.Event()
    talking = asyncio.create_task(talk(done.is_set))
    before, peak = memory(here), 0.0

    async def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, memory(here))
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    try:
        yield found
    finally:
        done.set()
        found["ack_p99_during"] = await talking
        await watching
        found["grew_mib"] = round(peak - before, 1)
        for talker, sent in zip(people, earlier, strict=True):
            talker.sent |= sent
    assert not any(talker.returns for talker in people), "others were cut, too"
    await finish(here, people, people, **found)


def push(line: Raw, piece: bytes, seconds: float, most: int = 1024 * MIB, pause: float = 0.0) -> int:
    """Send this again and again until the line ends, the time is up or so much was taken; returns how much was."""
    line.socket.settimeout(1)
    taken, until = 0, time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while taken < most and time.monotonic() < until:
            taken += line.socket.send(piece)
            time.sleep(pause)
    return taken


def stranger(here: Place) -> Raw:
    """From a page of ours, without a login: taken in, to be told that it may not come in."""
    return Raw(here.urls[0]).open(Origin=here.urls[0])


def member(here: Place) -> Raw:
    line = Raw(here.urls[0]).open(Authorization=f"Bearer {here.tokens[2]}")
    assert line.status == 101
    line.send(text(HELLO))
    return line


FLOODS: dict[str, tuple[bytes, bytes]] = {
    "a frame of 1 GiB": (frame(TEXT, b"", size=1024 * MIB), b"x" * 65_536),
    "1 GiB in fragments": (frame(TEXT, b"x", fin=False), frame(CONTINUATION, b"x" * 4_096, fin=False) * 16),
    "fragments without end": (frame(TEXT, b"x", fin=False), frame(CONTINUATION, b"", fin=False) * 2_000),
    "pings as fast as they go": (b"", frame(PING, b"x" * 125) * 500),
    "pongs as fast as they go": (b"", frame(PONG, b"x" * 125) * 500),
}


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("who", [member, stranger], ids=["a member", "a stranger"])
@pytest.mark.parametrize("flood", FLOODS)
async def test_check_32_a_flood_is_cut_before_it_is_held(place: Start, who: Callable[[Place], Raw], flood: str) -> None:
    here = await asyncio.to_thread(place, people=3)
    first, rest = FLOODS[flood]

    def attack() -> tuple[int, int, float]:
        with who(here) as line:
            began = time.monotonic()
            with contextlib.suppress(OSError):
                line.send(first)
            taken = push(line, rest, 5)
            lasted = time.monotonic() - began
            return taken, line.closed(), lasted

    async with others(here) as found:
        for _ in range(3):
            taken, code, lasted = await asyncio.to_thread(attack)
            found |= {"taken_mib": round(taken / MIB, 1), "code": code, "lasted": round(lasted, 1)}
    assert found["code"] in (1006, 1008, 1009, 4501), found
    assert found["taken_mib"] < 64, found
    assert found["grew_mib"] < 5, found


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_check_32_ten_thousand_pings_a_second_that_nobody_reads_the_answers_of(place: Start) -> None:
    here = await asyncio.to_thread(place, people=3)
    batch = frame(PING, b"x" * 125) * 100

    def attack() -> int:
        with member(here) as line:
            return push(line, batch, 5, pause=0.01)

    async with others(here) as found:
        found["taken_mib"] = round(await asyncio.to_thread(attack) / MIB, 1)
    assert found["grew_mib"] < 5, found


def ends(sockets: list[socket.socket], seconds: float) -> int:
    """How many of these the server has ended after so long; what it says before is passed over."""
    until, open_ones = time.monotonic() + seconds, list(sockets)
    while open_ones and time.monotonic() < until:
        still = []
        for one in open_ones:
            one.setblocking(False)
            try:
                ended = not one.recv(65_536)
            except BlockingIOError:
                ended = False
            except OSError:
                ended = True
            if not ended:
                still.append(one)
        open_ones = still
        time.sleep(0.1)
    return len(sockets) - len(open_ones)


async def newcomers(here: Place, stop: threading.Event) -> list[float]:
    """Somebody connects again and again meanwhile; how long it took each time."""
    took = []
    while not stop.is_set():
        talker = Talker(lambda: here.urls, here.tokens[2], here.room)
        began = time.monotonic()
        await talker.start()
        took.append(time.monotonic() - began)
        await talker.stop()
        await asyncio.sleep(0.05)
    return sorted(took)


def handshake(here: Place) -> bytes:
    return request(here.urls[0], Authorization=f"Bearer {here.tokens[2]}")


def dripping(here: Place, number: int) -> list[socket.socket]:
    """Heads that come a byte every tenth of a second, and never to an end; returned when the time is up."""
    lines = [Raw(here.urls[0]).socket for _ in range(number)]
    head = handshake(here)[:-2] + b"X-Padding: " + b"x" * 1_000
    until = time.monotonic() + DEADLINE + GRACE
    for byte in head:
        if time.monotonic() > until:
            break
        for line in lines:
            with contextlib.suppress(OSError):
                line.send(bytes([byte]))
        time.sleep(0.1)
    return lines


def half_open(here: Place, number: int) -> list[socket.socket]:
    """Handshakes whose last byte is missing."""
    lines = [Raw(here.urls[0]).socket for _ in range(number)]
    for line in lines:
        line.sendall(handshake(here)[:-1])
    return lines


def silent(here: Place, number: int) -> list[socket.socket]:
    return [Raw(here.urls[0]).socket for _ in range(number)]


def without_hello(here: Place, number: int) -> list[socket.socket]:
    """Let in, then nothing more; at most as many as one person may have."""
    return [Raw(here.urls[0]).open(Authorization=f"Bearer {here.tokens[2]}").socket for _ in range(min(number, 19))]


def nobody(here: Place, number: int) -> list[socket.socket]:
    """Refused, told so, and still there."""
    return [stranger(here).socket for _ in range(number)]


def slow_forms(here: Place, number: int) -> list[socket.socket]:
    """A form whose body never comes."""
    lines = [Raw(here.urls[0]).socket for _ in range(number)]
    begin = "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
    heads = [begin + more + "\r\n" for more in ("", "Connection: Upgrade\r\nUpgrade: websocket\r\n")]
    for line, head in zip(lines, itertools.cycle(heads), strict=False):
        line.sendall(head.encode() + b"x=")
    return lines


# Who has not said hello is told after ten seconds that it is over, and has ten more to answer that.
SECONDS = {without_hello: 2 * DEADLINE, slow_forms: FORM_DEADLINE}


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    "crowd", [dripping, half_open, silent, without_hello, nobody, slow_forms], ids=lambda crowd: crowd.__name__
)
async def test_check_35_who_does_not_get_on_is_sent_away_and_others_come_in_meanwhile(
    place: Start, crowd: Callable[[Place, int], list[socket.socket]]
) -> None:
    here = await asyncio.to_thread(place, people=3)
    stop = threading.Event()

    def attack() -> tuple[int, int]:
        try:
            lines = crowd(here, 50 if crowd is dripping else CROWD)
            gone = ends(lines, SECONDS.get(crowd, DEADLINE) + GRACE)
            for line in lines:
                line.close()
            return len(lines), gone
        finally:
            stop.set()

    async with others(here) as found:
        attacking = asyncio.create_task(asyncio.to_thread(attack))
        took = await newcomers(here, stop)
        opened, gone = await attacking
        found |= {"opened": opened, "gone": gone, "came_in": len(took), "slowest": round(took[-1], 2)}
    assert gone == opened, found
    assert took[-1] < DEADLINE, found
