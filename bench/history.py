"""W9's data: a million messages of 10,000 people in 1,000 rooms, or fewer, through Klatch's own tables and index.

Made once by `make()` and kept in bench/data (git ignores it); scenarios copy it. Runs itself as a process with the
server's settings, because this one has none: `python -m bench.history <messages>` fills the place of KLATCH_DATA.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, batched
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KEPT = Path(__file__).parent / "data"

VERSION = 1  # raise it when what is made changes; servers bring older tables up to date themselves
MESSAGES, ROOMS = 1_000_000, 1_000
MESSAGES_EACH = 100  # so many people there are: 10,000 among a million messages
ROOMS_EACH = 30
TALKERS = 50  # the people whom scenarios connect: each has a token
HALL_SHARE = 10  # every tenth message is in the first room, where everybody is
VOCABULARY = 20_000
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
AT_ONCE = 10_000


def make(messages: int = MESSAGES) -> Path:
    """The folder with the data, made now if it is not there: a minute or two for a million messages."""
    kept = KEPT / f"{messages}-v{VERSION}"
    if not (kept / "made.json").is_file():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
    # Also what is there: migrations may have come since, and one may take longer than a server's start should.
    run(0 if (kept / "made.json").is_file() else messages, {**os.environ, "KLATCH_DATA": str(kept)})
    return kept


def run(messages: int, environment: dict[str, str]) -> dict[str, Any]:
    """Bring the database that this environment names up to date and put so much into it; says what is in it."""
    command = [sys.executable, "-m", "bench.history", str(messages)]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the history could not be made:\n{done.stderr[-2000:]}")
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def copy(folder: Path, messages: int = MESSAGES) -> dict[str, Any]:
    """A copy of the data to work with, as the data folder of a server; says what is in it."""
    kept = make(messages)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    made: dict[str, Any] = json.loads((kept / "made.json").read_text())
    return made


def give(peer: Any, folder: Path, messages: int = MESSAGES) -> None:
    """Have a Klatch serve a copy of the data."""
    made = copy(folder / "data", messages)
    peer._folder, peer._filled = folder, {"rooms": [made["room"]], "tokens": made["tokens"]}
    # The first start gathers static files, which belongs to no measurement.
    peer.start()
    peer.stop()


def vocabulary() -> tuple[list[str], list[float]]:
    """Words and how often each is used, added up: a few are in every other message, most are rare."""
    syllables = [a + b for a in "bdfghjklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "or", "is")]
    dice = random.Random(7)
    words = [
        "".join(dice.choices(syllables, k=dice.choice((2, 2, 3, 4)))) + f"{number:x}" for number in range(VOCABULARY)
    ]
    return words, list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))


class _Filler:
    """Writes like the actions do, but a table at a time: numbers without holes, positions, counters, index."""

    def __init__(self, messages: int) -> None:
        self.messages, self.people = messages, messages // MESSAGES_EACH
        self.dice = random.Random(1)
        self.words, self.weights = vocabulary()
        self.seq = [0] * (ROOMS + 1)
        self.count = [0] * (ROOMS + 1)
        self.last = [BEGIN] * (ROOMS + 1)
        self.people_of: list[list[int]] = [[] for _ in range(ROOMS + 1)]

    def fill(self) -> dict[str, Any]:
        from django.contrib.auth import get_user_model
        from django.db import transaction

        from klatch import models
        from klatch.actions import tokens

        people = get_user_model()._default_manager
        with transaction.atomic():
            people.bulk_create(
                [
                    people.model(pk=n, username=f"person{n}", first_name=f"Person {n}")
                    for n in range(1, self.people + 1)
                ],
                5_000,
            )
            models.Room.objects.bulk_create(
                [self._room(number, kind="private" if number % 10 == 0 else "open") for number in range(1, ROOMS + 1)]
            )
            self._members()
        for part in batched(range(1, self.messages + 1), AT_ONCE):
            with transaction.atomic():
                self._post(part)
        with transaction.atomic():
            self._finish()
            secrets = [
                tokens.create_token(person, "bench")[1] for person in people.filter(pk__lte=TALKERS).order_by("pk")
            ]
        return {"room": 1, "tokens": secrets, "messages": self.messages, "people": self.people, "rooms": ROOMS}

    def _room(self, number: int, kind: str) -> Any:
        from klatch.models import Room

        return Room(pk=number, slug=f"room-{number}", name=f"Room {number}", description="What it is about", kind=kind)

    def _members(self) -> None:
        from klatch.models import Event, Membership, bulk

        rooms_of = {
            person: {1, *self.dice.sample(range(2, ROOMS + 1), ROOMS_EACH - 1)} for person in range(1, self.people + 1)
        }
        for room in set(range(1, ROOMS + 1)).difference(*rooms_of.values()):
            rooms_of[room % self.people + 1].add(room)  # among few people: somebody has to talk there
        rows, events = [], []
        for person, rooms in rooms_of.items():
            for room in rooms:
                role = "member" if self.people_of[room] else "owner"
                self.people_of[room].append(person)
                self.seq[room] += 1
                rows.append((room, person, role, 0, BEGIN))
                events.append((room, self.seq[room], "member.joined", None, person, person, {"role": role}, BEGIN))
        writes = bulk.Writes()
        writes.insert(Membership, ("room", "user", "role", "read", "joined_at"), rows)
        writes.insert(Event, ("room", "seq", "kind", "message", "actor", "user", "data", "at"), events)
        writes.send()

    def _post(self, numbers: tuple[int, ...]) -> None:
        from klatch import search, text
        from klatch.models import Event, Message, Reaction, bulk

        rows, events, reactions, entries = [], [], [], []
        for number, body in zip(numbers, self._bodies(len(numbers)), strict=True):
            room = 1 if number % HALL_SHARE == 0 else min(ROOMS, int(self.dice.paretovariate(0.5)) + 1)
            author = self.dice.choice(self.people_of[room])
            self.seq[room] += 1
            self.count[room] += 1
            at = self.last[room] = BEGIN + timedelta(seconds=30 * number)
            seq, position = self.seq[room], self.count[room]
            client_id = uuid.UUID(int=number)
            html = text.render(body)
            rows.append(
                (number, room, author, client_id, position, seq, seq, body, html, text.RENDERER_VERSION, None, at)
            )
            events.append((room, seq, "message.posted", number, author, None, {}, at))
            entries.append((number, room, body))
            if number % 25 == 0:
                reactions.append((number, author, "👍"))
        fields = (
            "id", "room", "author", "client_id", "position", "seq", "rev", "body", "html", "renderer", "reply_to", "at",
        )  # fmt: skip
        if bulk.new_ids(Message, len(numbers)) != list(numbers):
            raise RuntimeError("the database was not empty")
        writes = bulk.Writes()
        writes.insert(Message, fields, rows)
        writes.insert(Event, ("room", "seq", "kind", "message", "actor", "user", "data", "at"), events)
        writes.insert(Reaction, ("message", "user", "emoji"), reactions)
        writes.send()
        search.add(entries)

    def _bodies(self, count: int) -> Iterator[str]:
        for _ in range(count):
            yield " ".join(self.dice.choices(self.words, cum_weights=self.weights, k=self.dice.randint(3, 15)))

    def _finish(self) -> None:
        from django.db import connection

        from klatch.models import Room, bulk

        writes = bulk.Writes()
        writes.update(
            Room,
            ("seq", "count", "members", "active_at"),
            [(self.seq[n], self.count[n], len(self.people_of[n]), self.last[n], n) for n in range(1, ROOMS + 1)],
        )
        writes.send()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # The people were given their ids: the next account must not get one of those.
                cursor.execute("SELECT setval(pg_get_serial_sequence('auth_user', 'id'), %s)", [self.people])
                cursor.execute("SELECT setval(pg_get_serial_sequence('klatch_room', 'id'), %s)", [ROOMS])
            cursor.execute("ANALYZE")


def main() -> None:
    import django

    from klatch.server import folder
    from klatch.server.environment import environment

    data = environment().data
    folder.prepare(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klatch.server.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from klatch import search

    call_command("migrate", verbosity=0)
    messages, started = int(sys.argv[1]), time.perf_counter()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA wal_autocheckpoint=1000")
        else:
            cursor.execute("SET synchronous_commit = off")
    made = {**_Filler(messages).fill(), "seconds": round(time.perf_counter() - started, 1)} if messages else {}
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # As a server leaves its index after the first quiet minute. Ten thousand messages in one transaction leave
            # far more to be merged than posts do, and the next posts would pay for it.
            while search.forget_removed():
                pass
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if made:
        (data / "made.json").write_text(json.dumps(made))
    print(json.dumps(made))


if __name__ == "__main__":
    main()
