"""Posting, editing and deleting messages."""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils import timezone

from klatch import lookups, policy, queries, search, text
from klatch.conf import conf
from klatch.errors import Invalid, KlatchError, NotFound, TooLarge
from klatch.log import Entry, Record, record
from klatch.models import Event, Membership, Message, Room, bulk


class Draft(NamedTuple):
    """What somebody wants to post. ``client_id`` is theirs: sent again, it names the same message."""

    author: Any
    room_id: int
    client_id: uuid.UUID
    body: str
    reply_to: int | None = None


def post(
    room: Room | int,
    author: Any,
    body: str,
    *,
    client_id: uuid.UUID | None = None,
    reply_to: Message | int | None = None,
) -> Message:
    """Post one message as ``author``, who must be a member of ``room``. Obeys the transaction it is called in.

    Returns the message; where ``client_id`` was used by this author before, the message of that time, unchanged.
    Raises ``NotFound``, ``Archived``, ``TooLarge``, ``Invalid``.
    """
    draft = Draft(
        author,
        room if isinstance(room, int) else room.pk,
        client_id or uuid.uuid4(),
        body,
        reply_to.pk if isinstance(reply_to, Message) else reply_to,
    )
    (result,) = post_many([draft])
    if isinstance(result, KlatchError):
        raise result
    return result


def post_many(drafts: Sequence[Draft], *, savepoint: bool = True) -> list[Message | KlatchError]:
    """Post a batch in one transaction: for each draft its message, or why not. A refused draft harms no other.

    Order within a room is the order of the drafts. Raises only what the database raises; then nothing is stored
    (``savepoint``: see ``log.record``).
    """
    with record((draft.room_id for draft in drafts), savepoint=savepoint) as made:
        return _Batch(made, drafts).post()


class _Batch:
    """What posting has to know, read once for all drafts, after the rooms are locked."""

    def __init__(self, made: Record, drafts: Sequence[Draft]) -> None:
        self.made = made
        self.drafts = [(draft, draft.author.pk) for draft in drafts]
        self.memberships = lookups.locked_memberships({(draft.room_id, author) for draft, author in self.drafts})
        self.known, ids = lookups.sent_before(list({(author, draft.client_id) for draft, author in self.drafts}))
        self.ids = iter(ids)
        wanted = {draft.reply_to for draft in drafts if draft.reply_to is not None}
        self.quoted = {row.pk: row for row in queries.messages().filter(pk__in=wanted)} if wanted else {}
        self.now = timezone.now()

    def post(self) -> list[Message | KlatchError]:
        results: list[Message | KlatchError] = []
        new: list[Message] = []
        for draft, author in self.drafts:
            key = (author, draft.client_id)
            if key in self.known:
                results.append(self.known[key])
                continue
            try:
                message = self._message(draft, author)
            except KlatchError as refused:
                results.append(refused)
                continue
            self.known[key] = message
            new.append(message)
            results.append(message)
        self._insert(new)
        search.add([(row.id, row.room_id, row.body) for row in new], self.made.writes)
        self._move_read_positions(new)
        return results

    def _message(self, draft: Draft, author: int) -> Message:
        room = self.made.rooms.get(draft.room_id)
        if room is None or (room.id, author) not in self.memberships:
            raise NotFound
        policy.check_post(room)
        body = checked_body(draft.body)
        quoted = None
        if draft.reply_to is not None:
            quoted = self.quoted.get(draft.reply_to)
            if quoted is None or quoted.room_id != room.id or quoted.deleted:
                raise NotFound("The message to reply to is not here.")
        room.count += 1
        room.active_at = self.now
        values = {
            "id": next(self.ids),
            "room_id": room.id,
            "author_id": author,
            "client_id": draft.client_id,
            "position": room.count,
            "seq": room.seq + 1,
            "rev": room.seq + 1,
            "body": body,
            "html": text.render(body),
            "renderer": text.RENDERER_VERSION,
            "reply_to_id": None if quoted is None else quoted.pk,
            "at": self.now,
            "edited_at": None,
            "deleted_at": None,
        }
        message = bulk.made(Message, values, room=room, author=draft.author, reply_to=quoted)
        self.made.append(room, Event.Kind.MESSAGE_POSTED, draft.author, message=message)
        return message

    def _move_read_positions(self, new: Sequence[Message]) -> None:
        """Who writes has read: the author's position goes to their newest message."""
        moved: dict[int, int] = {}
        for message in new:
            assert message.author_id is not None
            moved[self.memberships[message.room_id, message.author_id]] = message.position
        self.made.writes.update(Membership, ("read",), [(moved[key], key) for key in sorted(moved)])

    def _insert(self, new: Sequence[Message]) -> None:
        self.made.writes.insert(
            Message,
            (
                "id", "room", "author", "client_id", "position", "seq", "rev", "body", "html", "renderer", "reply_to",
                "at",
            ),
            [
                (
                    row.id, row.room_id, row.author_id, row.client_id, row.position, row.seq, row.rev, row.body,
                    row.html, row.renderer, row.reply_to_id, row.at,
                )
                for row in new
            ],
        )  # fmt: skip


def edit(user: Any, message_id: int, body: str) -> Entry | None:
    """Replace the words of one's own message; None where they are the same already.

    Raises ``NotFound``, ``Forbidden``, ``Archived``, ``TooLarge``, ``Invalid``.
    """
    message, _ = queries.message(user, message_id)
    body = checked_body(body)
    with record([message.room_id]) as made:
        message, _ = queries.message(user, message_id)
        message.room = room = made.rooms[message.room_id]
        policy.check_edit(user, message)
        if message.body == body:
            return None
        message.body, message.html, message.renderer = body, text.render(body), text.RENDERER_VERSION
        message.edited_at = timezone.now()
        message.rev = room.seq + 1
        message.save(update_fields=["body", "html", "renderer", "edited_at", "rev"])
        search.change(message.pk, room.pk, body)
        reactions = queries.reactions_to([message.pk])[message.pk]
        return made.append(room, Event.Kind.MESSAGE_EDITED, user, message=message, reactions=reactions)


def delete(user: Any, message_id: int) -> Entry | None:
    """Take the words of a message away for good; a tombstone stays. None where it is deleted already.

    Raises ``NotFound``, ``Forbidden``, ``Archived``.
    """
    message, _ = queries.message(user, message_id)
    with record([message.room_id]) as made:
        message, membership = queries.message(user, message_id)
        message.room = room = made.rooms[message.room_id]
        policy.check_delete(user, message, membership)
        if message.deleted:
            return None
        message.body, message.html = "", ""
        message.deleted_at = timezone.now()
        message.rev = room.seq + 1
        message.save(update_fields=["body", "html", "deleted_at", "rev"])
        message.reactions.all().delete()
        search.change(message.pk, room.pk, "")
        return made.append(room, Event.Kind.MESSAGE_DELETED, user, message=message)


def checked_body(body: str) -> str:
    """What will be stored of what was typed. Raises ``Invalid`` for nothing, ``TooLarge`` for too much."""
    limit = conf().body_chars
    if len(body) > limit:
        raise TooLarge(f"A message may have {limit} characters.", limit=limit)
    cleaned = text.clean(body)
    if not cleaned.strip():
        raise Invalid("A message needs some text.", fields={"body": "empty"})
    return cleaned
