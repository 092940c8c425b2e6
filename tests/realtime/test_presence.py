"""Who is online and who types: people, not connections; told once a tick; forgotten when nobody is left."""

import json
from typing import Any

import pytest

from klatch import limits
from klatch.errors import RateLimited
from klatch.presence import PLACE, Presence, presence
from klatch.realtime import announce
from klatch.realtime.announce import Announcer
from klatch.realtime.hub import Hub
from klatch.relay import Envelope


class Whispers(Hub):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[dict[str, Any]] = []

    def whisper(self, room: int, text: str) -> None:
        frame = json.loads(text)
        assert frame["room"] == room
        self.heard.append(frame)

    def take(self) -> list[dict[str, Any]]:
        heard, self.heard = self.heard, []
        return heard


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _nobody() -> None:
    presence.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(announce, "time", made)
    monkeypatch.setattr(limits, "time", made)
    return made


@pytest.fixture
def hub() -> Whispers:
    return Whispers()


@pytest.fixture
def announcer(hub: Whispers) -> Announcer:
    return Announcer(hub)


def test_two_tabs_are_one_person() -> None:
    there = Presence()
    assert [there.enter(7, 1), there.enter(7, 1), there.enter(7, 2)] == [True, False, True]
    assert (sorted(there.online_in(7)), there.count_in(7)) == ([1, 2], 2)
    assert [there.leave(7, 1), there.leave(7, 1)] == [False, True]
    assert there.online_in(7) == [2]
    there.connect(1)
    there.connect(1)
    there.disconnect(1)
    assert there.is_online(1)
    there.disconnect(1)
    assert not there.is_online(1)


def test_leaving_more_often_than_entering_counts_nothing_wrong() -> None:
    there = Presence()
    assert not there.leave(7, 1)
    there.disconnect(1)
    there.connect(1)
    assert there.is_online(1)
    assert there.enter(7, 1)
    assert there.leave(7, 1)
    assert not there.leave(7, 1)
    assert there.count_in(7) == 0


def test_what_happens_within_a_tick_is_told_together(hub: Whispers, announcer: Announcer) -> None:
    for user in (3, 1, 2):
        announcer.enter(7, user)
    announcer.enter(8, 1)
    announcer.tick(0)
    assert sorted(hub.take(), key=lambda frame: frame["room"]) == [
        {"type": "presence", "room": 7, "online": 3, "on": [1, 2, 3], "off": []},
        {"type": "presence", "room": 8, "online": 1, "on": [1], "off": []},
    ]
    announcer.tick(1)
    assert hub.take() == []


def test_a_second_tab_is_no_news(hub: Whispers, announcer: Announcer) -> None:
    announcer.enter(7, 1)
    announcer.tick(0)
    hub.take()
    announcer.enter(7, 1)
    announcer.leave(7, 1)
    announcer.tick(1)
    assert hub.take() == []


def test_a_reload_is_not_a_departure(hub: Whispers, announcer: Announcer, clock: Clock) -> None:
    announcer.enter(7, 1)
    announcer.tick(clock.now)
    hub.take()
    announcer.leave_soon(7, 1)
    clock.now += announce.GRACE / 2
    announcer.tick(clock.now)
    announcer.enter(7, 1)
    clock.now += announce.GRACE
    announcer.tick(clock.now)
    assert hub.take() == []
    assert presence.online_in(7) == [1]


def test_who_stays_away_is_told_as_gone_once_the_grace_is_over(
    hub: Whispers, announcer: Announcer, clock: Clock
) -> None:
    announcer.connect(1)
    announcer.enter(7, 1)
    announcer.enter(7, 2)
    announcer.tick(clock.now)
    hub.take()
    announcer.leave_soon(7, 1)
    announcer.leave_soon(PLACE, 1)
    announcer.tick(clock.now + announce.GRACE - 0.01)
    assert hub.take() == []
    assert presence.is_online(1)
    announcer.tick(clock.now + announce.GRACE)
    assert hub.take() == [{"type": "presence", "room": 7, "online": 1, "on": [], "off": [1]}]
    assert not presence.is_online(1)


def test_who_leaves_for_good_is_gone_at_once(hub: Whispers, announcer: Announcer) -> None:
    announcer.enter(7, 1)
    announcer.enter(7, 2)
    announcer.tick(0)
    hub.take()
    announcer.leave(7, 1)
    announcer.tick(1)
    assert hub.take() == [{"type": "presence", "room": 7, "online": 1, "on": [], "off": [1]}]


def test_a_large_room_says_only_how_many(hub: Whispers, announcer: Announcer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "ONLINE_LISTED", 3)
    for user in range(1, 5):
        announcer.enter(7, user)
    announcer.tick(0)
    assert hub.take() == [{"type": "presence", "room": 7, "online": 4, "on": None, "off": None}]


def test_typing_is_passed_on_at_most_once_in_a_while(
    announcer: Announcer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[Envelope] = []

    class Kept:
        alone = True

        def publish(self, envelopes: list[Envelope]) -> None:
            published.extend(envelopes)

    monkeypatch.setattr(announce, "relay", Kept)
    anna: Any = {"id": 1, "username": "anna", "name": "Anna", "avatar": None}
    joon: Any = {**anna, "id": 2}
    for person, room, step in ((anna, 7, 0.0), (anna, 7, 1.0), (joon, 7, 0.0), (anna, 8, 0.0), (anna, 7, 1.5)):
        clock.now += step
        announcer.typing(room, person)
    assert [(envelope.room, json.loads(envelope.text or "")["user"]["id"]) for envelope in published] == [
        (7, 1),
        (7, 2),
        (8, 1),
        (7, 1),
    ]
    assert {(envelope.kind, envelope.seq) for envelope in published} == {("ephemeral", 0)}


def test_a_bucket_gives_its_burst_then_its_rate_and_says_when_to_come_back(clock: Clock) -> None:
    buckets = limits.Buckets()
    for _ in range(5):
        buckets.take("post", 1, rate=2, burst=5)
    with pytest.raises(RateLimited) as refused:
        buckets.take("post", 1, rate=2, burst=5)
    assert refused.value.extra == {"retry_after": 0.5}
    # Being refused costs nothing, and another person or another kind is another bucket.
    buckets.take("post", 2, rate=2, burst=5)
    buckets.take("request", 1, rate=2, burst=5)
    clock.now += 0.5
    buckets.take("post", 1, rate=2, burst=5)
    with pytest.raises(RateLimited):
        buckets.take("post", 1, rate=2, burst=5)
    clock.now += 1_000
    for _ in range(5):
        buckets.take("post", 1, rate=2, burst=5)
    with pytest.raises(RateLimited):
        buckets.take("post", 1, rate=2, burst=5)


def test_only_so_many_buckets_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 10)
    buckets = limits.Buckets()
    for user in range(100):
        buckets.take("post", user, rate=1, burst=1)
    assert len(buckets._buckets) == 10


def test_posts_are_limited_by_themselves_and_as_requests(settings: Any, clock: Clock) -> None:
    settings.KLATCH = {"POSTS_BURST": 3, "REQUESTS_BURST": 5}
    for _ in range(3):
        limits.check("post", 1)
    with pytest.raises(RateLimited):
        limits.check("edit", 1)
    limits.check("ping", 1)
    with pytest.raises(RateLimited):
        limits.check("ping", 1)
    settings.KLATCH = {"RATE_LIMIT": False}
    limits.check("post", 1)
