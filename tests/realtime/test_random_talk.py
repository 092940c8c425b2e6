"""Whatever people do, in whatever order, over a careless relay: what a client holds is what it would load afresh."""

import asyncio
import itertools
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from klatch.client import RequestError
from klatch.models import Event, Room
from klatch.realtime import resume
from klatch.relay import relay
from tests.conftest import Server, aside, make_room, make_user
from tests.realtime.model import Talker, fresh, settled
from tests.realtime.test_lossy import CARELESS
from tests.relay.lossy import LossyRelay

WHAT = ("post", "post", "post", "reply", "edit", "delete", "react", "join", "leave", "remove", "invite", "rename",
        "archive", "role", "read", "drop", "back", "behind", "behind", "subscribe", "settle")  # fmt: skip
REFUSALS = ("not_found", "forbidden", "archived")
STEP = st.tuples(st.sampled_from(WHAT), st.integers(0, 3), st.integers(0, 1), st.integers(0, 50))
# What stands in one list happens at the same time.
WALK = st.lists(st.lists(STEP, min_size=1, max_size=5, unique_by=lambda step: step[1]), min_size=4, max_size=25)
numbers = itertools.count()


class World:
    """Four people, two open rooms; the first two own one each."""

    def __init__(self, server: Server, people: list[User], rooms: list[Room], talkers: list[Talker]) -> None:
        self.server, self.people, self.rooms, self.talkers = server, people, rooms, talkers
        self.messages: list[int] = []

    @classmethod
    async def make(cls, server: Server) -> "World":
        people, rooms = await aside(_make)
        return cls(server, people, rooms, [await Talker.join(server, person) for person in people])

    async def step(self, what: str, who: int, where: int, which: int) -> None:
        talker, room = self.talkers[who], self.rooms[where].pk
        message = self.messages[which % len(self.messages)] if self.messages else 1
        other = self.people[which % len(self.people)].pk
        if what == "drop":
            await talker.drop()
        elif what == "back":
            await talker.back()
        elif talker.away:
            return
        elif what == "behind":
            for connection in list(self.server.node.hub.users.get(self.people[who].pk, ())):
                self.server.node.pacer.slow_down(connection)
        elif what == "settle":
            await talker.catch_up()
        elif what in ("post", "reply"):
            await self.post(talker, room, message if what == "reply" else None)
        elif what == "edit":
            await self.ask(talker, "edit", message=message, body=f"edited {next(numbers)}")
        elif what == "delete":
            await self.ask(talker, "delete", message=message)
        elif what == "react":
            await self.ask(talker, "react", message=message, emoji="🎉👍🚀"[which % 3], on=which % 2 == 0)
        elif what == "invite":
            await self.ask(talker, "invite", room=room, users=[other])
        elif what == "remove":
            await self.ask(talker, "remove", room=room, user=other)
        elif what == "rename":
            await self.ask(talker, "update", room=room, name=f"room {next(numbers)}")
        elif what == "archive":
            await self.ask(talker, "update", room=room, archived=which % 2 == 0)
        elif what == "role":
            await self.ask(talker, "role", room=room, user=other, role=("member", "moderator", "owner")[which % 3])
        elif what == "read":
            await self.ask(talker, "read", room=room, position=which % 5)
        elif what == "subscribe":
            # Only what one holds is followed again.
            if room in talker.store.rooms:
                await self.ask(talker, "subscribe", room=room, seq=talker.store.rooms[room]["seq"])
        else:
            await self.ask(talker, what, room=room)

    async def post(self, talker: Talker, room: int, reply_to: int | None) -> None:
        try:
            ack = await talker.client.post(room, f"said {next(numbers)}", reply_to=reply_to)
        except RequestError as refused:
            if refused.code not in REFUSALS:
                raise
        else:
            self.messages.append(ack["id"])

    async def ask(self, talker: Talker, op: str, **fields: Any) -> None:
        try:
            await talker.ask(op, **fields)
        except RequestError as refused:
            if refused.code not in REFUSALS:
                raise


def _make() -> tuple[list[User], list[Room]]:
    people = [make_user() for _ in range(4)]
    return people, [make_room(people[0], people[1], people[2]), make_room(people[1], people[0])]


def numbers_of(rooms: list[Room]) -> dict[int, list[int]]:
    return {room.pk: list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
            for room in rooms}  # fmt: skip


@pytest.fixture(params=[3, 30], ids=["often reset", "seldom reset"])
def _careless(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KLATCH = CARELESS | {"RESUME_EVENTS": request.param}
    monkeypatch.setattr(resume, "PAGE", 2)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(walk=WALK)
@pytest.mark.usefixtures("_careless")
async def test_what_a_client_holds_is_what_it_would_load_afresh(server: Server, walk: list[Any]) -> None:
    assert isinstance(relay(), LossyRelay)
    world = await World.make(server)
    for together in walk:
        await asyncio.gather(*[world.step(*step) for step in together])
    for talker in world.talkers:
        await talker.back()
    await settled(*world.talkers)
    for room, seqs in (await aside(numbers_of, world.rooms)).items():
        assert seqs == list(range(1, len(seqs) + 1)), room
    for talker in world.talkers:
        assert talker.state() == await fresh(server, talker.user)
        for frames in talker.heard.values():
            heard = [frame["seq"] for frame in frames]
            assert heard == list(range(heard[0], heard[0] + len(heard)))
        event(f"rooms {len(talker.store.rooms)}")
        await talker.client.close()
