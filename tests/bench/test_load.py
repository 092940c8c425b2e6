"""The whole load against a server in this process that does, or does not do, what it should."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from bench.load import Load, Shape
from bench.peers.ceiling_server import Connection, Room, frame
from bench.peers.klatch_dialect import KlatchDialect

from bench import load as load_module

MEMBERS = 5


@asynccontextmanager
async def connected(room: Room) -> AsyncIterator[Load]:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(room), "127.0.0.1", 0)
    async with server:
        dialect = KlatchDialect(server.sockets[0].getsockname()[1], rooms=[1], tokens=[""] * MEMBERS)
        load = Load(dialect, Shape(members=MEMBERS, in_flight=4))
        await load.connect()
        try:
            yield load
        finally:
            for member in room.members:  # the server waits for them when it closes, also after a failed test
                member.transport.abort()


class FaultyRoom(Room):
    """Sends something else than it should to the third member, the first time."""

    def __init__(self, fault: Callable[[list[bytes]], list[bytes]]) -> None:
        super().__init__()
        self._fault: Callable[[list[bytes]], list[bytes]] | None = fault

    def deliver(self) -> None:
        if self._fault is not None:
            victim = self.members.pop(2)
            victim.transport.write(frame(self._fault(self._events)))
            super().deliver()
            self.members.insert(2, victim)
            self._fault = None
        else:
            super().deliver()


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "STALL", 1.0)


async def test_what_everybody_received_is_what_was_posted_times_the_members() -> None:
    room = Room()
    async with connected(room) as load:
        window = await load.run(0.1)
        faults = load.close()
    assert window.posts == room.seq == load.posted >= 4
    assert window.deliveries == window.posts * MEMBERS
    assert len(window.answer_ms) == len(window.delivery_ms) == window.posts
    assert load.receipts == {serial: serial + 1 for serial in range(room.seq)}
    assert not window.stalled
    assert set(faults.values()) == {0}


async def test_a_second_window_counts_only_its_own() -> None:
    async with connected(Room()) as load:
        first = await load.run(0.05)
        second = await load.run(0.05)
        assert first.posts + second.posts == load.posted
        assert second.deliveries == second.posts * MEMBERS
        assert set(load.close().values()) == {0}


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (lambda events: events[1:], {"lost": 1}),
        (lambda events: [*events, events[-1]], {"duplicated": 1}),
        (lambda events: [events[-1], *events[:-1]], {"out_of_order": 3}),
    ],
    ids=["lost", "duplicated", "out of order"],
)
async def test_one_fault_at_one_member_is_found(
    fault: Callable[[list[bytes]], list[bytes]], found: dict[str, int]
) -> None:
    async with connected(FaultyRoom(fault)) as load:
        window = await load.run(0.1)
        faults = load.close()
    assert {name: count for name, count in faults.items() if count} == found
    assert window.stalled == ("lost" in found)


async def test_a_dropped_member_ends_the_run_loudly() -> None:
    room = Room()
    async with connected(room) as load:
        room.members[3].transport.close()
        with pytest.raises(ConnectionError, match="dropped a member"):
            await load.run(0.1)
        load.close()
