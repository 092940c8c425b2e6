"""Posting from Python, one send being one message, editing, and that deleted words are gone."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction

import klatch
from klatch import history, results
from klatch.actions import directs, members, messages, reactions, rooms
from klatch.errors import Archived, Forbidden, Invalid, KlatchError, NotFound, TooLarge
from klatch.models import Event, Message, Reaction, Room
from klatch.relay import relay
from tests.conftest import make_room, make_user
from tests.store import RecordingRelay

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(settings: Any) -> RecordingRelay:
    settings.KLATCH = {"RELAY": "tests.store.RecordingRelay"}
    kept = relay()
    assert isinstance(kept, RecordingRelay)
    return kept


def test_klatch_post_takes_a_room_its_id_or_its_address_and_returns_the_message() -> None:
    rosa = make_user()
    room = rooms.create_room(rosa, name="Küche")
    for number, place in enumerate((room, room.pk, "küche"), start=1):
        message = klatch.post(place, rosa, f"Nummer *{number}*")
        assert (message.room_id, message.position, message.author) == (room.pk, number, rosa)
        assert "<em>" in message.html
    answer = klatch.post(room, rosa, "Antwort", reply_to=message)
    assert answer.reply_to == message
    with pytest.raises(NotFound):
        klatch.post("nowhere", rosa, "hello")


@pytest.mark.django_db(transaction=True)
def test_klatch_post_is_published_when_the_transaction_around_it_commits_and_not_before(
    published: RecordingRelay,
) -> None:
    rosa = make_user()
    room = make_room(rosa)
    published.take()
    with transaction.atomic():
        klatch.post(room, rosa, "inside")
        assert published.take() == []
    assert [envelope.kind for envelope in published.take()] == ["message.posted"]


@pytest.mark.django_db(transaction=True)
def test_klatch_post_in_a_transaction_that_is_rolled_back_never_was(published: RecordingRelay) -> None:
    rosa = make_user()
    room = make_room(rosa)
    before = Room.objects.get(pk=room.pk)
    published.take()
    with transaction.atomic():
        klatch.post(room, rosa, "never")
        transaction.set_rollback(True)
    after = Room.objects.get(pk=room.pk)
    assert published.take() == []
    assert (after.seq, after.count) == (before.seq, before.count)
    assert not Message.objects.exists()
    assert results.page(rosa, "never", None, None, 10) == ([], None)


def test_the_same_client_id_is_one_message_and_the_first_words_stay() -> None:
    rosa = make_user()
    room, other = make_room(rosa), make_room(rosa)
    key = uuid.uuid4()
    first = klatch.post(room, rosa, "once", client_id=key)
    again = klatch.post(other, rosa, "twice", client_id=key)
    assert (again.pk, again.room_id, again.body) == (first.pk, room.pk, "once")
    assert Message.objects.count() == 1


def test_the_same_client_id_twice_in_one_batch_is_one_message() -> None:
    rosa = make_user()
    room = make_room(rosa)
    draft = messages.Draft(rosa, room.pk, uuid.uuid4(), "once")
    first, second = messages.post_many([draft, draft])
    assert first is second
    assert Message.objects.count() == 1


def test_the_client_id_of_one_person_is_nothing_to_another() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    key = uuid.uuid4()
    assert klatch.post(room, rosa, "hers", client_id=key).pk != klatch.post(room, ben, "his", client_id=key).pk


def test_a_repeated_post_is_acknowledged_even_after_its_author_left_the_room() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    key = uuid.uuid4()
    first = klatch.post(room, ben, "bye", client_id=key)
    members.leave(ben, room.pk)
    assert klatch.post(room, ben, "bye", client_id=key).pk == first.pk


def test_a_refused_draft_harms_no_other_of_its_batch_and_leaves_no_hole() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa)
    results = messages.post_many(
        [
            messages.Draft(rosa, room.pk, uuid.uuid4(), "one"),
            messages.Draft(ben, room.pk, uuid.uuid4(), "not a member"),
            messages.Draft(rosa, room.pk, uuid.uuid4(), " \n\t "),
            messages.Draft(rosa, room.pk, uuid.uuid4(), "x" * 10_001),
            messages.Draft(rosa, room.pk, uuid.uuid4(), "to nothing", 10**9),
            messages.Draft(rosa, 10**9, uuid.uuid4(), "nowhere"),
            messages.Draft(rosa, room.pk, uuid.uuid4(), "two"),
        ]
    )
    assert [type(result) for result in results] == [Message, NotFound, Invalid, TooLarge, NotFound, NotFound, Message]
    assert list(Message.objects.order_by("pk").values_list("body", "position")) == [("one", 1), ("two", 2)]
    numbers = list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("body", ["", "   ", "\n\n", "\u200b", "\x00\x07", "\u202e"])
def test_a_message_that_shows_nothing_is_refused(body: str) -> None:
    rosa = make_user()
    room = make_room(rosa)
    with pytest.raises(Invalid) as refused:
        klatch.post(room, rosa, body)
    assert "body" in refused.value.extra["fields"]


def test_the_longest_body_is_accepted_and_one_more_is_refused() -> None:
    rosa = make_user()
    room = make_room(rosa)
    assert klatch.post(room, rosa, "x" * 10_000).body == "x" * 10_000
    with pytest.raises(TooLarge) as refused:
        klatch.post(room, rosa, "x" * 10_001)
    assert refused.value.extra == {"limit": 10_000}


def test_one_replies_only_to_a_message_of_the_same_room_that_is_still_there() -> None:
    rosa = make_user()
    room, other = make_room(rosa), make_room(rosa)
    elsewhere = klatch.post(other, rosa, "elsewhere")
    gone = klatch.post(room, rosa, "gone")
    messages.delete(rosa, gone.pk)
    for target in (elsewhere, gone.pk, 10**9):
        with pytest.raises(NotFound):
            klatch.post(room, rosa, "reply", reply_to=target)


def test_an_edit_changes_words_and_marks_it_and_the_same_words_change_nothing() -> None:
    rosa = make_user()
    room = make_room(rosa)
    message = klatch.post(room, rosa, "frist")
    event = messages.edit(rosa, message.pk, "first")
    assert event is not None
    message.refresh_from_db()
    assert (message.body, message.rev, message.edited_at is not None) == ("first", event.seq, True)
    assert messages.edit(rosa, message.pk, "first") is None
    assert Room.objects.get(pk=room.pk).seq == event.seq


def test_a_deleted_message_is_neither_edited_nor_reacted_to_and_deleting_again_changes_nothing() -> None:
    rosa = make_user()
    room = make_room(rosa)
    message = klatch.post(room, rosa, "gone")
    reactions.react(rosa, message.pk, "🎉", True)
    assert messages.delete(rosa, message.pk) is not None
    assert not Reaction.objects.exists()
    assert messages.delete(rosa, message.pk) is None
    with pytest.raises(Forbidden):
        messages.edit(rosa, message.pk, "back")
    with pytest.raises(Forbidden):
        reactions.react(rosa, message.pk, "🎉", True)


def test_an_archived_room_can_be_read_and_not_written() -> None:
    rosa, ben = make_user(), make_user()
    room = make_room(rosa, ben)
    message = klatch.post(room, rosa, "before")
    rooms.change_room(rosa, room.pk, archived=True)
    for action in (
        lambda: klatch.post(room, rosa, "after"),
        lambda: messages.edit(rosa, message.pk, "changed"),
        lambda: messages.delete(rosa, message.pk),
        lambda: reactions.react(rosa, message.pk, "🎉", True),
        lambda: members.invite(rosa, room.pk, [ben.pk]),
    ):
        with pytest.raises(Archived):
            action()
    assert newest(room.pk) == [message.pk]
    assert [hit.version.id for hit in results.page(ben, "before", None, None, 5)[0]] == [message.pk]
    rooms.change_room(rosa, room.pk, archived=False)
    klatch.post(room, ben, "after")


def newest(room_id: int) -> list[int]:
    return [row.version.id for row in history.page(room_id, history.Place(None, None, None, 5)).rows]


def text_of_all_tables() -> bytes:
    """Every value of every table of ours, as bytes; also of those that SQLite's index keeps, but for one.

    The index's sorted words (``klatch_search_data``) lose deleted ones when it is next merged, not at once.
    """
    found = b""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'klatch%'")
        for table in {name for (name,) in cursor.fetchall()} - {"klatch_search_data"}:
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                found += b"\x1f".join(v if isinstance(v, bytes) else str(v).encode() for v in row) + b"\x1e"
    return found


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the tables of SQLite's index")
@pytest.mark.parametrize("way", ["delete", "edit"])
def test_words_that_were_deleted_or_edited_away_are_in_no_table(way: str) -> None:
    rosa = make_user()
    room = make_room(rosa)
    klatch.post(room, rosa, "aa bb cc")
    message = klatch.post(room, rosa, "Qmarkerq")
    answer = klatch.post(room, rosa, "zz yy", reply_to=message)
    assert b"qmarkerq" in text_of_all_tables().lower()
    if way == "delete":
        messages.delete(rosa, message.pk)
    else:
        messages.edit(rosa, message.pk, "other words")
    assert b"qmarkerq" not in text_of_all_tables().lower()
    assert answer.pk in newest(room.pk)


def test_direct_conversations_keep_their_people() -> None:
    rosa, ben, cleo = make_user(), make_user(), make_user()
    room = directs.open_direct(rosa, [ben.pk])
    for action in (
        lambda: members.leave(rosa, room.pk),
        lambda: members.invite(rosa, room.pk, [cleo.pk]),
        lambda: members.remove(rosa, room.pk, ben.pk),
        lambda: members.change_role(rosa, room.pk, ben.pk, "owner"),
        lambda: rooms.change_room(rosa, room.pk, name="ours"),
    ):
        with pytest.raises(Forbidden):
            action()
    with pytest.raises(KlatchError):
        members.join(cleo, room.pk)
