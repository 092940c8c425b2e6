"""Reading for sockets and REST: what is asked in one turn of the loop is proved by one visit to the database.

Pages of history and directories are kept as text. Nothing is given out that was not proved, after it was made and after
it was asked for, to be the reader's to see and to be what the log says now; so no news from other processes is needed.
"""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from klatch import commands, directory, encoded, history, lookups, protocol, replies
from klatch.errors import NotFound
from klatch.presence import presence
from klatch.realtime.database import Database

PAGES_BYTES = 32 * 2**20
LISTS_BYTES = 16 * 2**20
OVERHEAD = 300  # bytes of an entry beside its text, about
BEHIND = 500  # events; a room that moved further since its pages were last asked for begins anew

Key = tuple[int, history.Place]


class Shelf:
    """The kept pages of history. All pages of a room are as they would be read at ``seqs[room]``.

    A pure state: no I/O, no clock.
    """

    def __init__(self, limit: int = PAGES_BYTES) -> None:
        self._limit = limit
        self._pages: OrderedDict[Key, replies.HistoryText] = OrderedDict()
        self._of_room: dict[int, set[history.Place]] = {}
        self.seqs: dict[int, int] = {}
        self.size = 0

    def get(self, key: Key) -> replies.HistoryText | None:
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: Key, page: replies.HistoryText) -> None:
        room, place = key
        if page.seq < self.seqs.setdefault(room, page.seq):
            return
        self._drop(key)
        self.seqs.setdefault(room, page.seq)
        self._pages[key] = page
        self._of_room.setdefault(room, set()).add(place)
        self.size += _size(page)
        while self.size > self._limit:
            self._drop(next(iter(self._pages)))

    def advance(self, room: int, seq: int, touched: set[int] | None) -> None:
        """The log has these events more, up to ``seq``, of messages ``touched``; None: more than is worth a look."""
        if seq <= self.seqs.get(room, seq):
            return
        for place in list(self._of_room[room]):
            page = self._pages[room, place]
            if touched is None or page.moves or not page.ids.isdisjoint(touched):
                self._drop((room, place))
        if room in self.seqs:
            self.seqs[room] = seq

    def forget(self) -> None:
        self._pages.clear()
        self._of_room.clear()
        self.seqs.clear()
        self.size = 0

    def _drop(self, key: Key) -> None:
        page = self._pages.pop(key, None)
        if page is not None:
            self.size -= _size(page)
            self._of_room[key[0]].discard(key[1])
            if not self._of_room[key[0]]:
                del self._of_room[key[0]], self.seqs[key[0]]


def _size(page: replies.HistoryText) -> int:
    return sys.getsizeof(page.text) + 60 * len(page.ids) + OVERHEAD


class Asked(NamedTuple):
    """A request for a page. ``made``: read for it since it was asked for, not proved yet."""

    answer: "asyncio.Future[protocol.Encoded]"
    user: int
    key: Key
    made: replies.HistoryText | None = None


class Reads:
    """Belongs to the event loop. ``spawn`` runs something beside."""

    def __init__(self, database: Database, spawn: Callable[[Any], Any]) -> None:
        self._database = database
        self._spawn = spawn
        self._prover = Database(threads=1)  # of its own: no proof waits behind a slow search
        self._shelf = Shelf()
        self._age = 0
        self._lists = _Lists()
        self._history: list[Asked] = []
        self._making: dict[Key, list[Asked]] = {}  # who asked for a page while it was being read
        self._directory: list[tuple[asyncio.Future[protocol.Encoded], Any]] = []
        self._visiting = False

    def begin(self, user: Any, request: Any) -> "asyncio.Future[protocol.Encoded] | None":
        """The answer to a page of history, or to the first page of the whole directory; None for any other request."""
        answer = asyncio.get_running_loop().create_future()
        if isinstance(request, protocol.History):
            self._history.append(Asked(answer, user.pk, (request.room, commands.place(request))))
        elif isinstance(request, protocol.Rooms) and request.q is None and request.after is None:
            self._directory.append((answer, user))
        else:
            return None
        if not self._visiting:
            # At the end of this turn, with all that it brings.
            self._visiting = True
            asyncio.get_running_loop().call_soon(lambda: self._spawn(self._visit()))
        return answer

    def forget(self) -> None:
        """Somebody's account has changed: names are read anew."""
        self._shelf.forget()
        self._age += 1
        encoded.forget()

    def close(self) -> None:
        self._prover.close()

    async def _visit(self) -> None:
        try:
            while self._history or self._directory:
                history, self._history = self._history, []
                directory, self._directory = self._directory, []
                # What is on the shelf before the visit is older than what the visit proves.
                found = [asked.made or self._shelf.get(asked.key) for asked in history]
                pairs = {(asked.key[0], asked.user) for asked in history}
                kept = {room: self._shelf.seqs[room] for room, _ in pairs if room in self._shelf.seqs}
                people = {user.pk: user for _, user in directory}
                try:
                    seqs, moved, lists = await self._prover.read(_prove, pairs, kept, self._lists, people)
                except Exception as problem:
                    _refuse((asked.answer for asked in history), problem)
                    _refuse((answer for answer, _ in directory), problem)
                    continue
                for room, (seq, touched) in moved.items():
                    self._shelf.advance(room, seq, touched)
                self._settle(history, found, seqs)
                for answer, user in directory:
                    _resolve(answer, lists[user.pk])
        finally:
            self._visiting = False

    def _settle(
        self, history: Sequence[Asked], found: Sequence[replies.HistoryText | None], seqs: dict[tuple[int, int], int]
    ) -> None:
        missing: dict[Key, list[Asked]] = {}
        for asked, page in zip(history, found, strict=True):
            seq = seqs.get((asked.key[0], asked.user))
            if seq is None:
                _refuse([asked.answer], NotFound())
            elif page is not None and self._shelf.get(asked.key) is page:
                _resolve(asked.answer, page.at(seq))
            elif asked.made is not None:
                # Touched since, or too much to keep: as old as it says, and younger than the request.
                _resolve(asked.answer, asked.made.at(asked.made.seq))
            else:
                missing.setdefault(asked.key, []).append(asked)
        for key, waiting in missing.items():
            if key in self._making:
                # Begun before they asked, so not theirs as it is; they are proved again once it is there.
                self._making[key] += waiting
            else:
                self._making[key] = []
                self._spawn(self._make(key, waiting))

    async def _make(self, key: Key, waiting: Sequence[Asked]) -> None:
        age = self._age
        try:
            page = await self._database.read(replies.of_history, *key)
        except Exception as problem:
            _refuse((asked.answer for asked in waiting), problem)
        else:
            if age == self._age:
                self._shelf.put(key, page)
            self._history += [asked._replace(made=page) for asked in waiting]
        self._history += self._making.pop(key)
        if not self._visiting:
            self._visiting = True
            await self._visit()


class _Lists:
    """Directories by person, all of one state of the database. Belongs to the prover's thread."""

    def __init__(self) -> None:
        self._state: Any = None
        self._listed: list[directory.Beginning] = []
        self._kept: dict[int, protocol.Encoded] = {}
        self._size = 0

    def of(self, people: dict[int, Any]) -> dict[int, protocol.Encoded]:
        # Read before what is made: something newer under an older state is only made once more.
        state = lookups.state(), presence.version
        if state != self._state or self._size > LISTS_BYTES:
            self._state, self._kept, self._size = state, {}, 0
            self._listed = directory.open_rooms(None, None)
        for key, user in people.items():
            if key not in self._kept:
                self._kept[key] = replies.of_directory(user, protocol.Rooms(), self._listed)
                self._size += sys.getsizeof(self._kept[key]) + OVERHEAD
        return {key: self._kept[key] for key in people}


def _prove(
    pairs: set[tuple[int, int]], kept: dict[int, int], lists: _Lists, people: dict[int, Any]
) -> tuple[dict[tuple[int, int], int], dict[int, tuple[int, set[int] | None]], dict[int, protocol.Encoded]]:
    """One visit: who of these is in which room, and its number; what the log has more than is kept; directories."""
    seqs = lookups.standing(pairs)
    heads = {room: seq for (room, _), seq in seqs.items()}
    moved = {
        room: (heads[room], lookups.touched(room, seq, heads[room]) if heads[room] - seq <= BEHIND else None)
        for room, seq in kept.items()
        if heads.get(room, seq) > seq
    }
    return seqs, moved, lists.of(people) if people else {}


def _resolve(answer: "asyncio.Future[Any]", text: Any) -> None:
    if not answer.done():
        answer.set_result(text)


def _refuse(answers: Iterable["asyncio.Future[Any]"], problem: Exception) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(problem)
