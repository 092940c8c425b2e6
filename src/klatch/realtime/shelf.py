"""The pages of history that are kept, within their bytes, and which of them an event takes away. Proves nothing."""

import sys
from collections import OrderedDict

from klatch import history, replies

PAGES_BYTES = 32 * 2**20
OVERHEAD = 300  # bytes of an entry beside its text, about

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
