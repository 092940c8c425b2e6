"""Many people who only listen: check 28. FAULT_IDLE is how many connections, FAULT_IDLE_SECONDS how long."""

import asyncio
import os
from pathlib import Path

import pytest

from klatch.client import Client
from tests.faults.storms import Start, note

CROWD = int(os.environ.get("FAULT_IDLE", "1000"))
SECONDS = float(os.environ.get("FAULT_IDLE_SECONDS", "25"))
SOCKETS = 10  # of one person
AT_ONCE = 25


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def spent(pid: int) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_check_28_idle_connections_cost_little_memory_and_next_to_no_time(place: Start) -> None:
    here = await asyncio.to_thread(place, people=CROWD // SOCKETS)
    assert here.servers[0].process is not None
    pid = here.servers[0].process.pid
    clients = [Client(here.urls[0], token=token) for token in here.tokens for _ in range(SOCKETS)]
    # One comes and goes first: what any connection needs once is not counted.
    await clients[0].connect()
    await clients[0].close()
    before = memory(pid)
    gate = asyncio.Semaphore(AT_ONCE)

    async def come(client: Client) -> None:
        async with gate:
            await client.connect()

    await asyncio.gather(*[come(client) for client in clients])
    await asyncio.sleep(5)
    began, all_here = spent(pid), memory(pid)
    await asyncio.sleep(SECONDS)
    busy, later = spent(pid) - began, memory(pid)
    ack = await clients[0].request("post", room=here.room, client_id=str(here.room).zfill(32), body="Still here?")
    for client in clients:
        async with asyncio.timeout(30):
            await client.wait_for("message.posted", seq=ack["seq"])
    for client in clients:
        await client.abort()
    each, time_each = (all_here - before) / len(clients) / 1024, busy / SECONDS / len(clients) * 1e6
    note(
        here, connections=len(clients), seconds=SECONDS, kib_each=round(each, 1), us_each=round(time_each, 2),
        growth=round((later - all_here) / all_here, 4),
    )  # fmt: skip
    assert each <= 30
    assert time_each <= 10
    assert later < all_here * 1.02
