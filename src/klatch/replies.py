"""Replies that are mostly text encoded before: a page of history, of found messages, of the directory.

Sends nothing, keeps nothing; what is kept between requests is ``encoded``'s and ``realtime.reads``'s.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from klatch import directory, encoded, history, lookups, protocol, results, serialize
from klatch.models import Event
from klatch.presence import presence


class HistoryText(NamedTuple):
    """A page of history, the same for every reader: text up to the room's number, which follows it.

    An event of the room that touches none of ``ids`` leaves the page as it is, unless ``moves``.
    """

    text: str
    seq: int
    ids: frozenset[int]
    moves: bool

    def at(self, seq: int) -> protocol.Encoded:
        return protocol.Encoded(f"{self.text}{seq}}}")


def of_history(room_id: int, place: history.Place) -> HistoryText:
    """Checks no rights, as ``history.page``. Raises ``NotFound``, ``Invalid``."""
    page = history.page(room_id, place)
    texts, _ = encoded.messages(row.version for row in page.rows)
    messages = ",".join(texts[row.version.id] for row in page.rows if row.version.id in texts)
    notices = protocol.encode([serialize.event(row) for row in page.notices])
    start, end = str(page.start).lower(), str(page.end).lower()
    ids = {row.version.id for row in page.rows} | {row.version.quoted for row in page.rows}
    return HistoryText(
        f'{{"type":"history","room":{room_id},"messages":[{messages}],"notices":{notices},'
        f'"start":{start},"end":{end},"seq":',
        page.seq,
        frozenset(key for key in ids if key is not None),
        # What the room is like now stands in the notice of its change.
        page.end or any(row.kind == Event.Kind.ROOM_CHANGED for row in page.notices),
    )


def of_search(user: Any, request: protocol.Search) -> protocol.Encoded:
    """Raises ``NotFound``."""
    hits, following = results.page(user, request.q, request.room, request.before, request.limit)
    texts, read_messages = encoded.messages(hit.version for hit in hits)
    rooms, read_rooms = encoded.rooms({(hit.room_id, hit.room_seq) for hit in hits})
    if read_messages or read_rooms:
        # Read after the look at the memberships: who is still a member now was one while they were read.
        mine = lookups.rooms_of([user.pk])[user.pk]
        hits = [hit for hit in hits if hit.room_id in mine]
    found = ",".join(
        f'{{"message":{texts[hit.version.id]},"room":{rooms[hit.room_id]}}}'
        for hit in hits
        if hit.version.id in texts and hit.room_id in rooms
    )
    return protocol.Encoded(f'{{"type":"results","results":[{found}],"next":{_or_null(following)}}}')


def of_directory(
    user: Any, request: protocol.Rooms, listed: Sequence[directory.Beginning] | None = None
) -> protocol.Encoded:
    """``listed``: see ``directory.page``. Raises ``Invalid``."""
    page, following = directory.page(user, request.q, request.after, listed)
    texts, read = encoded.rooms((row.id, row.seq) for row in page)
    if read:
        # As above.
        visible = directory.visible(user, [row.id for row in page])
        page = [row for row in page if row.id in visible]
    rooms = ",".join(
        f'{texts[row.id][:-1]},"online":{presence.count_in(row.id)},"member":{"true" if row.member else "false"}}}'
        for row in page
        if row.id in texts
    )
    return protocol.Encoded(f'{{"type":"rooms","rooms":[{rooms}],"next":{_or_null(following)}}}')


def _or_null(value: Any) -> str:
    return "null" if value is None else protocol.encode(value)
