"""What readers of W8 and W9 ask, and what is right: known from the database by SQL of our own, before anybody asks."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from bench.history import TALKERS, vocabulary

ROOM = 1  # where everybody is
LIMIT = 40
SCROLLED = 50  # pages back that people go
NO_NEWS = 2**62  # of an answer that says nothing of the room's newest
WORDS = (
    40,
    150,
    300,
    600,
    1_000,
    1_500,
    2_500,
    3_200,
    4_000,
    5_000,
    6_000,
    7_500,
    9_000,
    12_000,
    15_000,
    19_000,
)  # by frequency


class Truth:
    def __init__(self, file: Path, ranks: Sequence[int] = WORDS) -> None:
        self.file = file
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            self.count: int = database.execute("SELECT count FROM klatch_room WHERE id = ?", [ROOM]).fetchone()[0]
            rows = database.execute("SELECT position, id, body FROM klatch_message WHERE room_id = ?", [ROOM])
            self.room = {position: (key, body) for position, key, body in rows}
            self.mine: dict[int, set[int]] = {person: set() for person in range(1, TALKERS + 1)}
            for person, room in database.execute(
                "SELECT user_id, room_id FROM klatch_membership WHERE user_id <= ?", [TALKERS]
            ):
                self.mine[person].add(room)
            self.rooms = list(
                database.execute(
                    "SELECT id, kind FROM klatch_room WHERE archived_at IS NULL ORDER BY active_at DESC, id DESC"
                )
            )
            known, _ = vocabulary()
            self.words = [known[rank] for rank in ranks]
            self.found: dict[str, list[tuple[int, int]]] = {word: [] for word in self.words}
            for key, room, body in database.execute("SELECT id, room_id, body FROM klatch_message ORDER BY id DESC"):
                for word in self.found.keys() & set(body.split()):
                    self.found[word].append((key, room))


def _same(what: str, there: Any, wanted: Any) -> None:
    if there != wanted:
        raise ValueError(f"{what}: {str(there)[:300]} in place of {str(wanted)[:300]}")


class Opens:
    """A room with its last 40 messages."""

    name = "opens"

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def ask(self, person: int, dice: random.Random) -> dict[str, Any]:
        return {"op": "history", "room": ROOM}

    def check(self, person: int, asked: dict[str, Any], answer: dict[str, Any], posts: dict[int, str]) -> int:
        messages = answer["messages"]
        last = messages[-1]["position"]
        _same("positions", [row["position"] for row in messages], list(range(last - LIMIT + 1, last + 1)))
        _same("start and end", (answer["start"], answer["end"]), (False, True))
        self._words(messages, posts)
        return int(answer["seq"])

    def _words(self, messages: list[dict[str, Any]], posts: dict[int, str]) -> None:
        for row in messages:
            known = self._truth.room.get(row["position"])
            if known is not None:
                _same("message", (row["id"], row["body"]), known)
            elif row["position"] in posts:
                _same("new message", row["body"], posts[row["position"]])


class Pages(Opens):
    """A page of history, as one scrolls back."""

    name = "pages"

    def ask(self, person: int, dice: random.Random) -> dict[str, Any]:
        return {"op": "history", "room": ROOM, "before": self._truth.count - LIMIT * dice.randrange(SCROLLED) + 1}

    def check(self, person: int, asked: dict[str, Any], answer: dict[str, Any], posts: dict[int, str]) -> int:
        before = asked["before"]
        _same("positions", [row["position"] for row in answer["messages"]], list(range(before - LIMIT, before)))
        self._words(answer["messages"], posts)
        return int(answer["seq"])


class AnyPages(Pages):
    """A page from anywhere in any room of the reader: nearly none was asked for before."""

    name = "any_pages"

    def ask(self, person: int, dice: random.Random) -> dict[str, Any]:
        return {"op": "history", "room": ROOM, "before": dice.randrange(LIMIT + 1, self._truth.count)}


class NewPages:
    """Pages that no two share a message of, each asked for once, from all rooms of the readers: nothing can be kept."""

    name = "new_pages"

    def __init__(self, truth: Truth, count: int) -> None:
        readers = {person: truth.mine[person + 1] for person in range(TALKERS - 1)}
        self._left: dict[int, list[tuple[int, int]]] = {person: [] for person in readers}
        self._rows: dict[tuple[int, int], tuple[int, str]] = {}
        with closing(sqlite3.connect(f"file:{truth.file}?mode=ro", uri=True)) as database:
            # Not the newest of a room: those are opened.
            pages = [
                (room, before)
                for room, last in database.execute("SELECT id, count FROM klatch_room ORDER BY id")
                for before in range(LIMIT + 1, last - LIMIT, LIMIT)
                if any(room in rooms for rooms in readers.values())
            ]
            for room, before in random.Random(5).sample(pages, min(count, len(pages))):
                members = [person for person, rooms in readers.items() if room in rooms]
                min((self._left[person] for person in members), key=len).append((room, before))
                for position, key, body in database.execute(_PAGE, [room, before - LIMIT, before]):
                    self._rows[room, position] = key, body

    def ask(self, person: int, dice: random.Random) -> dict[str, Any] | None:
        if not self._left[person]:
            return None
        room, before = self._left[person].pop()
        return {"op": "history", "room": room, "before": before}

    def check(self, person: int, asked: dict[str, Any], answer: dict[str, Any], posts: dict[int, str]) -> int:
        room, before = asked["room"], asked["before"]
        there = [(row["position"], row["id"], row["body"]) for row in answer["messages"]]
        _same("page", there, [(at, *self._rows[room, at]) for at in range(before - LIMIT, before)])
        return int(answer["seq"]) if room == ROOM else NO_NEWS


_PAGE = "SELECT position, id, body FROM klatch_message WHERE room_id = ? AND position >= ? AND position < ?"


class Lists:
    """The list of rooms: the first hundred."""

    name = "lists"

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def ask(self, person: int, dice: random.Random) -> dict[str, Any]:
        return {"op": "rooms"}

    def check(self, person: int, asked: dict[str, Any], answer: dict[str, Any], posts: dict[int, str]) -> int:
        mine = self._truth.mine[person + 1]
        seen = [room for room, kind in self._truth.rooms if kind == "open" or room in mine]
        seen.remove(ROOM)
        there = [row["id"] for row in answer["rooms"] if row["id"] != ROOM]
        _same("rooms", there, seen[: len(answer["rooms"]) - 1])
        _same("how many", len(answer["rooms"]), 100)
        _same("member", [row["member"] for row in answer["rooms"]], [row["id"] in mine for row in answer["rooms"]])
        return next(int(row["seq"]) for row in answer["rooms"] if row["id"] == ROOM)


class Searches:
    """A word, in all rooms of the reader."""

    name = "searches"

    def __init__(self, truth: Truth, words: Sequence[str] = ()) -> None:
        self._truth, self._words = truth, words or truth.words

    def ask(self, person: int, dice: random.Random) -> dict[str, Any]:
        return {"op": "search", "q": dice.choice(self._words)}

    def check(self, person: int, asked: dict[str, Any], answer: dict[str, Any], posts: dict[int, str]) -> int:
        mine = self._truth.mine[person + 1]
        # The word may go on: people search while they type.
        # No further than needed: the clock runs until the answer is known to be right.
        wanted = list(islice((found for found in self._truth.found[asked["q"]] if found[1] in mine), 20))
        there = [(row["message"]["id"], row["room"]["id"]) for row in answer["results"]]
        _same("found", there, wanted)
        return NO_NEWS
