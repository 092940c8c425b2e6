"""What must go on whatever happens: the periodic looks, the start of a process, the end of a login at a bad moment."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from klatch import log
from klatch.actions import accounts
from klatch.errors import Close, Unavailable
from klatch.models import Room
from klatch.presence import Presence
from klatch.realtime import announce, login, node, socket
from klatch.realtime.delivery import Delivery
from klatch.relay import Envelope
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.lines import eventually, line, log_in, session_of, talking


@pytest.fixture(autouse=True)
def _free(settings: Any) -> None:
    # Nothing here may rest on the periodic looks. Before the server starts: its relay is one of these settings.
    settings.KLATCH = {"RATE_LIMIT": False, "HEAD_CHECK_SECONDS": 60.0, "SESSION_CHECK_SECONDS": 60.0}


@pytest.fixture
async def pair(server: Server) -> tuple[Room, User, User]:
    def make() -> tuple[Room, User, User]:
        anna, joon = make_user(), make_user()
        return make_room(anna, joon), anna, joon

    return await aside(make)


# Faults that are not the database's


async def test_the_look_at_logins_outlives_a_session_store_that_is_away(
    pair: tuple[Room, User, User], server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KLATCH = {"SESSION_CHECK_SECONDS": 0.01}
    looks: list[str] = []
    real = login.ended

    def away_once(*args: Any) -> Any:
        looks.append("look")
        if len(looks) == 1:
            raise ConnectionError("the cache is away")
        return real(*args)

    monkeypatch.setattr(login, "ended", away_once)
    async with talking(server, pair[1]):
        looker = server.node.spawn(server.node._look_at_rights())
        await eventually(lambda: len(looks) > 2 or looker.done())
        assert len(looks) > 2
        looker.cancel()


async def test_the_look_at_the_log_outlives_a_fault(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    async def broken(self: Delivery) -> None:
        looks.append("look")
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Delivery, "look_at_log", broken)
    for number in range(1, 4):
        server.node._look_now.set()
        await eventually(lambda number=number: len(looks) >= number)  # type: ignore[misc]


async def test_presence_goes_on_after_a_tick_that_failed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "TICK", 0.001)
    ticks: list[float] = []

    def tick(now: float) -> None:
        ticks.append(now)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(server.node.announcer, "tick", tick)
    running = asyncio.create_task(server.node.announcer.run())
    await eventually(lambda: len(ticks) > 2 or running.done())
    assert len(ticks) > 2
    running.cancel()


async def test_an_envelope_that_nobody_understands_takes_no_other_with_it(
    server: Server, pair: tuple[Room, User, User], caplog: pytest.LogCaptureFixture
) -> None:
    _, _, joon = pair
    async with talking(server, joon) as talk:
        with caplog.at_level(logging.CRITICAL, "klatch.node"):
            server.node.receive(
                [
                    Envelope("presence", text="of another version"),
                    Envelope("personal", user=joon.pk, text='{"type":"x"}'),
                ]
            )
        assert (await talk.next())["type"] == "x"


# Starting


async def test_sockets_that_come_all_at_once_start_one_node(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[node.Node] = []
    start = node.Node.start

    async def noted(self: node.Node) -> None:
        started.append(self)
        await start(self)

    monkeypatch.setattr(node.Node, "start", noted)
    try:
        await asyncio.gather(*[node.start() for _ in range(5)])
        assert len(started) == 1
    finally:
        await node.stop()


async def test_a_start_that_fails_leaves_no_thread_behind_and_the_next_one_may_work(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[node.Node] = []

    async def failing(self: Delivery) -> None:
        raise Unavailable

    init = node.Node.__init__

    def noted(self: node.Node) -> None:
        init(self)
        made.append(self)

    monkeypatch.setattr(node.Node, "__init__", noted)
    with monkeypatch.context() as broken:
        broken.setattr(Delivery, "start", failing)
        with pytest.raises(Unavailable):
            await node.start()
        assert node.current() is None
    assert not made[0].writer._thread.is_alive()
    try:
        assert (await node.start()).running
    finally:
        await node.stop()


# Logins that end while a socket opens


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch, server: Server) -> Iterator[list[Any]]:
    """What is in the list happens after a handshake's login was read, before its socket is known."""
    happen: list[Any] = []
    real = login.log_in

    def read_then(handshakes: Any) -> Any:
        found = real(handshakes)
        while happen:
            happen.pop()()
        return found

    monkeypatch.setattr(server.node.logins, "_answer", read_then)
    yield happen
    assert not happen


async def test_a_deactivation_in_the_middle_of_a_handshake_closes_the_socket(
    server: Server, pair: tuple[Room, User, User], between: list[Any]
) -> None:
    _, _, joon = pair
    admin = await aside(lambda: make_user(is_superuser=True))
    between.append(lambda: accounts.deactivate(admin, User.objects.get(pk=joon.pk)))
    async with talking(server, joon, hello=False) as talk, asyncio.timeout(5):
        assert await talk.closed() == Close.LOGGED_OUT


async def test_a_log_out_in_the_middle_of_a_handshake_closes_the_socket(
    server: Server, pair: tuple[Room, User, User], between: list[Any]
) -> None:
    """Django says so before it deletes the session: the socket must be closed though the session is still there."""
    cookie = await aside(log_in, pair[2])
    between.append(lambda: log.on_session_ended(session_key=session_of(cookie)))
    async with line(server, cookie=cookie, origin=server.url) as talk, asyncio.timeout(5):
        assert await talk.closed() == Close.LOGGED_OUT


async def test_a_frame_that_was_on_the_line_when_the_login_ended_is_not_heard(
    server: Server, pair: tuple[Room, User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _, joon = pair
    real = socket.Socket._next

    async def ended_meanwhile(self: socket.Socket) -> str | None:
        text = await real(self)
        if text and "late" in text:
            self.connection.cut(Close.LOGGED_OUT)
        return text

    async with talking(server, joon) as talk:
        monkeypatch.setattr(socket.Socket, "_next", ended_meanwhile)
        await talk.send(op="ping", ref=1)
        await talk.until("pong")
        key = "00000000-0000-4000-8000-000000000001"
        await talk.send(op="post", ref=2, room=room.pk, client_id=key, body="late")
        assert await talk.closed() == Close.LOGGED_OUT
    await server.node.writer.run(lambda: None)
    assert await aside(room.messages.count) == 0


async def test_a_database_that_does_not_answer_a_hello_asks_to_come_back(
    server: Server, pair: tuple[Room, User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> Any:
        raise Unavailable

    monkeypatch.setattr(server.node.hellos, "_answer", away)
    async with talking(server, pair[2], hello=False) as talk:
        await talk.send(op="hello", ref=1, rooms={})
        assert await talk.closed() == Close.SHUTDOWN


def test_who_is_online_can_be_asked_while_processes_come_and_go() -> None:
    """Replies are made on threads, while the event loop hears of other processes."""
    presence = Presence()

    class Coming(dict[int, set[int]]):
        def get(self, *args: Any) -> Any:
            presence.all_elsewhere("another", {}, 0.0)
            return super().get(*args)

    presence.all_elsewhere("one", {1: [7]}, 0.0)
    presence._elsewhere["one"] = Coming({0: {7}, 1: {7}})
    presence.all_elsewhere("two", {}, 0.0)
    assert presence.online_in(1) == [7]
    presence._elsewhere.pop("another")
    presence._elsewhere = {"two": {}, "one": Coming({0: {9}}), "three": {}}
    assert not presence.is_online(8)
