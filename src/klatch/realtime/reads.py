"""Reading for sockets and REST: what is asked in one turn of the loop is proved by one visit to the database.

Pages of history and directories are kept as text. Nothing is given out that was not proved, after it was made and after
it was asked for, to be the reader's to see and to be what the log says now; so no news from other processes is needed.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from klatch import commands, encoded, lookups, proof, protocol, replies
from klatch.errors import NotFound
from klatch.presence import presence
from klatch.realtime.answers import settle
from klatch.realtime.database import Database, threads_for_search
from klatch.realtime.searches import Searches
from klatch.realtime.shelf import Key, Shelf

LISTS_BYTES = 16 * 2**20
OVERHEAD = 300  # bytes of an entry beside its text, about
BEHIND = 500  # events; a room that moved further since its pages were last asked for begins anew
PAIRS = 20_000  # proved and remembered while nothing is committed

Pair = tuple[int, int]  # room and person


class Asked(NamedTuple):
    """A request for a page. ``made``: read for it since it was asked for, not proved yet."""

    answer: "asyncio.Future[protocol.Encoded]"
    pair: Pair
    key: Key
    made: replies.HistoryText | None = None


class Reads:
    """Belongs to the event loop. ``spawn`` runs something beside."""

    def __init__(self, database: Database, searches: Database, spawn: Callable[[Any], Any]) -> None:
        self._database = database
        self._spawn = spawn
        self._prover = Database(threads=1)  # of its own: no proof waits behind a slow search
        self._shelf = Shelf()
        self._age = 0
        self._lists = _Lists()
        self._state: Any = None  # of the database when the last visit began
        self._seqs: dict[Pair, int] = {}  # proved in that state
        self._history: list[Asked] = []
        self._making: dict[Key, list[Asked]] = {}  # who asked for a page while it was being read
        self._directory: list[tuple[asyncio.Future[protocol.Encoded], int]] = []
        self._searches = Searches(searches, spawn) if threads_for_search() == 1 else None
        self._visiting = False

    def begin(self, user: Any, request: Any) -> "asyncio.Future[protocol.Encoded] | None":
        """The answer to what is read for many at once; None for any other request.

        That is a page of history, the first page of the whole directory, and a search where searches have one thread.
        """
        if self._searches is not None and isinstance(request, protocol.Search):
            return self._searches.begin(user, request)
        answer = asyncio.get_running_loop().create_future()
        if isinstance(request, protocol.History):
            self._history.append(Asked(answer, (request.room, user.pk), (request.room, commands.place(request))))
        elif isinstance(request, protocol.Rooms) and request.q is None and request.after is None:
            self._directory.append((answer, user.pk))
        else:
            return None
        if not self._visiting:
            # At the end of this turn, with all that it brings.
            self._visiting = True
            asyncio.get_running_loop().call_soon(self._prove)
        return answer

    def forget(self) -> None:
        """Somebody's account has changed: names are read anew."""
        self._shelf.forget()
        self._age += 1
        encoded.forget()

    def close(self) -> None:
        self._prover.close()

    def _prove(self) -> None:
        """All that was asked for: at once where nothing at all was committed since the last visit, else by another."""
        self._visiting = False
        # No visit is out, so the prover's thread rests.
        if proof.stands(self._state):
            self._repeat()
        if self._history or self._directory:
            self._visiting = True
            self._spawn(self._visit())

    def _repeat(self) -> None:
        """What was proved last holds for who asked since."""
        history, self._history = self._history, []
        directory, self._directory = self._directory, []
        for asked in history:
            seq = self._seqs.get(asked.pair)
            page = self._shelf.get(asked.key)
            # A page that was put there since may be older than the proof.
            if seq is None or page is None or self._shelf.seqs[asked.pair[0]] != seq:
                self._history.append(asked)
            else:
                settle(asked.answer, page.at(seq))
        for answer, user in directory:
            listed = self._lists.known(self._state, user)
            if listed is None:
                self._directory.append((answer, user))
            else:
                settle(answer, listed)

    async def _visit(self) -> None:
        try:
            while self._history or self._directory:
                history, self._history = self._history, []
                directory, self._directory = self._directory, []
                # What is on the shelf before the visit is older than what the visit proves.
                found = [asked.made or self._shelf.get(asked.key) for asked in history]
                pairs = {asked.pair for asked in history}
                kept = {room: self._shelf.seqs[room] for room, _ in pairs if room in self._shelf.seqs}
                people = {user for _, user in directory}
                try:
                    state, seqs, moved, lists = await self._prover.read(_visit, pairs, kept, self._lists, people)
                except Exception as problem:
                    _refuse((asked.answer for asked in history), problem)
                    _refuse((answer for answer, _ in directory), problem)
                    continue
                if state != self._state or len(self._seqs) > PAIRS:
                    self._state, self._seqs = state, {}
                self._seqs |= seqs
                for room, (seq, touched) in moved.items():
                    self._shelf.advance(room, seq, touched)
                self._settle(history, found, seqs)
                for answer, user in directory:
                    settle(answer, lists[user])
        finally:
            self._visiting = False

    def _settle(
        self, history: Sequence[Asked], found: Sequence[replies.HistoryText | None], seqs: dict[Pair, int]
    ) -> None:
        missing: dict[Key, list[Asked]] = {}
        for asked, page in zip(history, found, strict=True):
            seq = seqs.get(asked.pair)
            if seq is None:
                _refuse([asked.answer], NotFound())
            elif page is not None and self._shelf.get(asked.key) is page:
                settle(asked.answer, page.at(seq))
            elif asked.made is not None:
                # Touched since, or too much to keep: as old as it says, and younger than the request.
                settle(asked.answer, asked.made.at(asked.made.seq))
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
            self._prove()


class _Lists:
    """Directories by person, all of one state of the database. The prover's thread's, or the loop's while it rests."""

    def __init__(self) -> None:
        self._state: Any = None
        self._listing = replies.Listing([], {})
        self._kept: dict[int, protocol.Encoded] = {}
        self._size = 0

    def of(self, state: Any, people: Collection[int]) -> dict[int, protocol.Encoded]:
        now = state, presence.version
        if now != self._state or self._size > LISTS_BYTES:
            self._listing = replies.listing(WHOLE)
            self._state, self._kept, self._size = now, {}, 0
        missing = [key for key in people if key not in self._kept]
        if missing:
            made = replies.of_directory(missing, WHOLE, self._listing)
            self._kept |= made
            self._size += sum(sum(map(len, text)) + OVERHEAD for text in made.values())
        return {key: self._kept[key] for key in people}

    def known(self, state: Any, person: int) -> protocol.Encoded | None:
        return self._kept.get(person) if (state, presence.version) == self._state else None


WHOLE = protocol.Rooms()


def _visit(
    pairs: Collection[Pair], kept: dict[int, int], lists: _Lists, people: Collection[int]
) -> tuple[Any, dict[Pair, int], dict[int, tuple[int, set[int] | None]], dict[int, protocol.Encoded]]:
    """Who of these is in which room, and its number; what the log has more than is kept; directories. Under a state."""
    # Read before what it stands for: something newer under an older state is only proved, or made, once more.
    state = proof.state()
    seqs = lookups.standing(pairs) if pairs else {}
    heads = {room: seq for (room, _), seq in seqs.items()}
    moved = {
        room: (heads[room], proof.touched(room, seq, heads[room]) if heads[room] - seq <= BEHIND else None)
        for room, seq in kept.items()
        if heads.get(room, seq) > seq
    }
    return state, seqs, moved, lists.of(state, people) if people else {}


def _refuse(answers: Iterable["asyncio.Future[Any]"], problem: Exception) -> None:
    for answer in answers:
        settle(answer, problem)
