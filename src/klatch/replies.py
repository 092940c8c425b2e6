"""Replies that are mostly text encoded before: a page of history, of found messages, of the directory.

Sends nothing, keeps nothing; what is kept between requests is ``encoded``'s and ``realtime.reads``'s.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from klatch import directory, encoded, history, lookups, protocol, results, serialize
from klatch.models import Event
from klatch.presence import presence


class HistoryText(NamedTuple):
    """A page of history, the same for every reader: what follows its type, up to the room's number, in bytes.

    An event of the room that touches none of ``ids`` leaves the page as it is, unless ``moves``.
    """

    text: bytes
    seq: int
    ids: frozenset[int]
    moves: bool

    def at(self, seq: int) -> protocol.Encoded:
        return protocol.Encoded((b'{"type":"history",', self.text, b"%d}" % seq))


def of_history(room_id: int, place: history.Place) -> HistoryText:
    """Checks no rights, as ``history.page``. Raises ``NotFound``, ``Invalid``."""
    page = history.page(room_id, place)
    texts, _ = encoded.messages(row.version for row in page.rows)
    messages = ",".join(texts[row.version.id] for row in page.rows if row.version.id in texts)
    notices = protocol.encode([serialize.event(row) for row in page.notices])
    start, end = str(page.start).lower(), str(page.end).lower()
    ids = {row.version.id for row in page.rows} | {row.version.quoted for row in page.rows}
    text = f'"room":{room_id},"messages":[{messages}],"notices":{notices},"start":{start},"end":{end},"seq":'
    return HistoryText(
        text.encode(),
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
    rest = f'"results":[{found}],"next":{_or_null(following)}}}'
    return protocol.Encoded((b'{"type":"results",', rest.encode()))


class Listing(NamedTuple):
    """A page of the open rooms, and the text of each as a stranger and as a member of it sees it."""

    rooms: list[directory.Listed]
    texts: dict[int, tuple[str, str]]


def listing(request: protocol.Rooms) -> Listing:
    """What is the same for every reader. Raises ``Invalid``."""
    rooms = directory.open_rooms(request.q, request.after)
    texts, read = _listed(rooms)
    if read:
        # As above: what is open now was open while they were read.
        still = directory.still_open(texts)
        texts = {key: text for key, text in texts.items() if key in still}
    return Listing(rooms, texts)


def of_directory(people: Collection[int], request: protocol.Rooms, listing: Listing) -> dict[int, protocol.Encoded]:
    """The reply to each of these people."""
    own = directory.own(people, request.q, request.after)
    closed, read = _listed({row for theirs in own.values() for row in theirs.closed})
    if read:
        # As above.
        own = directory.own(people, request.q, request.after)
    texts = closed | listing.texts
    replied = {}
    for person, (member, theirs) in own.items():
        page, following = directory.page(listing.rooms, theirs)
        rooms = ",".join([texts[row.id][row.id in member] for row in page if row.id in texts])
        rest = f'"rooms":[{rooms}],"next":{_or_null(following)}}}'
        replied[person] = protocol.Encoded((b'{"type":"rooms",', rest.encode()))
    return replied


def _listed(rooms: Iterable[directory.Listed]) -> tuple[dict[int, tuple[str, str]], bool]:
    texts, read = encoded.rooms((row.id, row.seq) for row in rooms)
    shown = {key: f'{text[:-1]},"online":{presence.count_in(key)},"member":' for key, text in texts.items()}
    return {key: (f"{text}false}}", f"{text}true}}") for key, text in shown.items()}, read


def _or_null(value: Any) -> str:
    return "null" if value is None else protocol.encode(value)
