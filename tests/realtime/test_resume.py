"""Coming back: exactly what was missed, or ``reset``; nothing old comes to life, nothing is lost between two looks."""

import asyncio
import threading
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from klatch import log
from klatch.actions import members, messages, reactions
from klatch.errors import Close
from klatch.models import Epoch, Event, Message, Room
from klatch.realtime import resume
from tests.conftest import Server, aside, make_room
from tests.realtime.lines import eventually, talking
from tests.realtime.saying import bodies, follows, head, say, seqs


async def test_who_comes_back_gets_exactly_what_was_missed(server: Server, anna: User, joon: User, room: Room) -> None:
    await say(room, anna, "known")
    async with talking(server, joon, hello=False) as talk:
        epoch = (await talk.hello())["epoch"]
    known = await head(room)
    await say(room, anna, "one", "two", "three")
    async with talking(server, joon, hello=False) as talk:
        welcome = await talk.hello(epoch, {room.pk: known})
        assert bodies(talk.missed) == ["one", "two", "three"]
        assert seqs(talk.missed, room) == [known + 1, known + 2, known + 3]
        assert welcome["rooms"][0]["seq"] == known + 3
        await say(room, anna, "four")
        frame = await talk.until("message.posted")
        assert (frame["seq"], frame["message"]["body"]) == (known + 4, "four")


async def test_who_missed_nothing_gets_nothing(server: Server, joon: User, room: Room) -> None:
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(str(await aside(log.epoch)), {room.pk: await head(room)})
        assert talk.missed == []


async def test_a_room_that_is_not_named_is_not_caught_up(server: Server, anna: User, joon: User, room: Room) -> None:
    await say(room, anna, "before")
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(str(await aside(log.epoch)), {})
        assert talk.missed == []


@pytest.mark.parametrize("ahead", [1, 1_000_000, 2**62])
async def test_a_number_ahead_of_the_log_is_a_reset(server: Server, joon: User, room: Room, ahead: int) -> None:
    now = await head(room)
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(str(await aside(log.epoch)), {room.pk: now + ahead})
        assert talk.missed == [{"type": "reset", "room": room.pk, "seq": now}]


async def test_another_epoch_is_a_reset_even_where_the_numbers_fit(
    server: Server, anna: User, joon: User, room: Room
) -> None:
    now = await head(room)
    for epoch in (str(uuid.uuid4()), None):
        async with talking(server, joon, hello=False) as talk:
            await talk.hello(epoch, {room.pk: now})
            assert talk.missed == [{"type": "reset", "room": room.pk, "seq": now}]


async def test_a_restored_backup_has_another_epoch(server: Server, anna: User, joon: User, room: Room) -> None:
    old = str(await aside(log.epoch))
    await aside(lambda: Epoch.objects.create())
    server.node._epoch = await aside(log.epoch)
    async with talking(server, joon, hello=False) as talk:
        welcome = await talk.hello(old, {room.pk: await head(room)})
        assert welcome["epoch"] != old
        assert [frame["type"] for frame in talk.missed] == ["reset"]
    await aside(lambda: Epoch.objects.exclude(value=old).delete())


def _go_back(room: Room, seq: int) -> None:
    Event.objects.filter(room=room, seq__gt=seq).delete()
    gone, _ = Message.objects.filter(room=room, seq__gt=seq).delete()
    Room.objects.filter(pk=room.pk).update(seq=seq, count=F("count") - gone)
    Epoch.objects.create()


async def test_another_log_under_a_running_process_sends_everybody_away_to_begin_anew(
    server: Server, anna: User, joon: User, room: Room
) -> None:
    """As after a fail-over to a copy that lagged: numbers that were given already are given once more."""
    now = await head(room)
    old = str(await aside(log.epoch))
    async with talking(server, joon) as talk, talking(server, anna) as other:
        await aside(messages.post, room.pk, anna, "never was")
        await other.until("message.posted")
        await aside(_go_back, room, now)
        await server.node._look_at_epoch()
        assert [await each.closed() for each in (talk, other)] == [Close.SHUTDOWN] * 2
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(old, {room.pk: now + 1})
        assert talk.missed == [{"type": "reset", "room": room.pk, "seq": now}]
        news = await aside(messages.post, room.pk, anna, "is now")
        came = await talk.until("message.posted")
        assert (came["seq"], came["message"]["id"]) == (now + 1, news.pk)
    await aside(lambda: Epoch.objects.exclude(value=old).delete())


async def test_too_much_missed_is_a_reset_and_as_much_as_allowed_is_not(
    server: Server, anna: User, joon: User, room: Room, settings: Any
) -> None:
    settings.KLATCH = {"RESUME_EVENTS": 5}
    known = await head(room)
    epoch = str(await aside(log.epoch))
    await say(room, anna, *"12345")
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(epoch, {room.pk: known})
        assert bodies(talk.missed) == list("12345")
    await say(room, anna, "6")
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(epoch, {room.pk: known})
        assert talk.missed == [{"type": "reset", "room": room.pk, "seq": known + 6}]


async def test_rows_cleared_out_of_the_log_are_a_reset_and_never_a_part(
    server: Server, anna: User, joon: User, room: Room
) -> None:
    known = await head(room)
    await say(room, anna, *"123")
    await aside(lambda: room.events.filter(seq=known + 1).delete())
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(str(await aside(log.epoch)), {room.pk: known})
        assert talk.missed == [{"type": "reset", "room": room.pk, "seq": known + 3}]


async def test_old_and_deleted_words_never_come_back(server: Server, anna: User, joon: User, room: Room) -> None:
    known = await head(room)
    typo, regret, quoting = await say(room, anna, "tpyo", "regret", "fine")
    reply = await aside(messages.post, room.pk, joon, "what?", reply_to=regret.pk)
    await aside(messages.edit, anna, typo.pk, "typo")
    await aside(reactions.react, joon, quoting.pk, "🎉", True)
    await aside(messages.delete, anna, regret.pk)
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(str(await aside(log.epoch)), {room.pk: known})
        assert [frame["type"].split(".")[1] for frame in talk.missed] == [
            "posted", "posted", "posted", "posted", "edited", "added", "deleted",
        ]  # fmt: skip
        assert bodies(talk.missed) == ["typo", "", "fine", "what?", "typo", ""]
        everything = str(talk.missed)
        assert "tpyo" not in everything
        assert "regret" not in everything
        blank = next(frame for frame in talk.missed if frame.get("message", {}).get("id") == reply.pk)
        assert blank["message"]["reply_to"]["deleted"]
        assert talk.missed[2]["message"]["reactions"] == [{"emoji": "🎉", "users": [joon.pk]}]


async def test_what_commits_between_attaching_and_reading_arrives_once(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(room, anna, "known")
    known = await head(room)
    read = resume.read
    snapshot_taken, posted = threading.Event(), []

    def slow(hellos: Any) -> Any:
        # Between attaching and reading, and between reading and releasing.
        posted.append(messages.post(room.pk, anna, "before the look"))
        found = read(hellos)
        posted.append(messages.post(room.pk, anna, "after the look"))
        snapshot_taken.set()
        return found

    monkeypatch.setattr(server.node.hellos, "_answer", slow)
    async with talking(server, joon, hello=False) as talk:
        await talk.hello(str(await aside(log.epoch)), {room.pk: known})
        monkeypatch.undo()
        await say(room, anna, "live")
        frames = list(talk.missed)
        while bodies(frames)[-1:] != ["live"]:
            frames.append(await talk.next())
        frames += await talk.rest()
        assert snapshot_taken.is_set()
        assert bodies(frames) == ["before the look", "after the look", "live"]
        assert seqs(frames, room) == [known + 1, known + 2, known + 3]


class Slow:
    """``resume.read`` of one person takes its look, then waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, server: Server, user: User) -> None:
        self.looked, self.go = asyncio.Event(), threading.Event()
        read, loop = resume.read, asyncio.get_running_loop()

        def slow(hellos: Any) -> Any:
            found = read(hellos)
            if user.pk in {hello.user.pk for hello in hellos}:
                loop.call_soon_threadsafe(self.looked.set)
                assert self.go.wait(10)
            return found

        monkeypatch.setattr(server.node.hellos, "_answer", slow)


async def test_a_slow_resume_is_complete_though_a_quicker_one_has_started_the_room(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, server, joon)
    known = await head(room)
    async with talking(server, joon, hello=False) as late, talking(server, anna, hello=False) as quick:
        waiting = asyncio.create_task(late.hello(str(await aside(log.epoch)), {room.pk: known}))
        await slow.looked.wait()
        await say(room, anna, "one", "two")
        await quick.hello()
        slow.go.set()
        await waiting
        await say(room, anna, "three")
        frames = list(late.missed)
        while bodies(frames)[-1:] != ["three"]:
            frames.append(await late.next())
        assert bodies(frames) == ["one", "two", "three"]
        assert seqs(frames, room) == [known + 1, known + 2, known + 3]


async def test_who_is_removed_during_a_slow_resume_hears_nothing_after_it(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, server, joon)
    known = await head(room)
    async with talking(server, joon, hello=False) as late, talking(server, anna, hello=False) as quick:
        waiting = asyncio.create_task(late.hello(str(await aside(log.epoch)), {room.pk: known}))
        await slow.looked.wait()
        await aside(members.remove, anna, room.pk, joon.pk)
        await say(room, anna, "now that he is gone")
        await quick.hello()
        slow.go.set()
        await waiting
        frames = [*late.missed, await late.until("room.removed", room=room.pk)]
        await say(room, anna, "and still")
        await quick.until("message.posted")
        frames += await late.rest()
        assert bodies(frames) == []
        assert max(seqs(frames, room), default=0) <= known + 1
        assert await follows(server, joon) == set()


async def test_an_edit_after_a_removal_does_not_ride_on_an_older_event(
    server: Server, anna: User, joon: User, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are made of the rows as they are: a look that begins before a removal must not end after it."""
    known = await head(room)
    (message,) = await say(room, anna, "harmless")
    catch_up = resume.catch_up

    def late(*args: Any) -> Any:
        members.remove(anna, room.pk, joon.pk)
        messages.edit(anna, message.pk, "secret")
        return catch_up(*args)

    epoch = str(await aside(log.epoch))
    async with talking(server, joon, hello=False) as talk:
        monkeypatch.setattr(resume, "catch_up", late)
        welcome = await talk.hello(epoch, {room.pk: known})
        monkeypatch.undo()
        frames = [*talk.missed, *await talk.rest()]
        assert "secret" not in str(frames)
        assert "secret" not in str(welcome)
        assert await follows(server, joon) == set()


async def test_a_room_joined_during_a_resume_is_followed(
    server: Server, anna: User, joon: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await aside(make_room, anna)
    slow = Slow(monkeypatch, server, joon)
    async with talking(server, joon, hello=False) as talk:
        waiting = asyncio.create_task(talk.hello())
        await slow.looked.wait()
        await aside(members.invite, anna, other.pk, [joon.pk])
        slow.go.set()
        welcome = await waiting
        assert welcome["rooms"] == []
        await eventually(lambda: other.pk in next(iter(server.node.hub.users[joon.pk])).rooms)
        if not any(frame["type"] == "room.added" for frame in talk.missed):
            await talk.until("room.added")
        await say(other, anna, "welcome")
        assert (await talk.until("message.posted"))["message"]["body"] == "welcome"
