"""A small place for the harness of requests: one person, what they may see, and what they may not. Nothing is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import transaction

from klatch import protocol
from klatch.actions import messages, rooms
from klatch.actions.members import invite
from klatch.commands import COMMANDS
from klatch.errors import ALL, KlatchError
from tests.frames import check

CODES = frozenset(kind.code for kind in ALL)
BODIES = ("tea at five?", "**bold** and `code` @anna #talk", "https://a.example/x", "東京 :tada:")


class World:
    """``current`` is made once, in the database that is there; ``untouched`` takes back what was done within."""

    secret = "kaleidoscope"
    _made: ClassVar["World | None"] = None

    def __init__(self) -> None:
        self.person, self.other = (User.objects.create_user(name) for name in ("fuzzanna", "fuzzbert"))
        self.room = rooms.create_room(self.person, name="fuzz talk")
        shared = rooms.create_room(self.other, name="fuzz shared")
        invite(self.other, shared.pk, [self.person.pk])
        hidden = rooms.create_room(self.other, name=f"fuzz {self.secret}", kind="private")
        posted = [messages.post(self.room.pk, self.person, body) for body in BODIES]
        posted += [messages.post(shared.pk, self.other, body) for body in BODIES]
        posted += [messages.post(hidden.pk, self.other, f"the {self.secret} {body}") for body in BODIES]
        # What a byte may mean where an id is wanted.
        self.ids = {
            "room": [self.room.pk, shared.pk, hidden.pk, 987_654],
            "message": [message.pk for message in posted],
            "user": [self.person.pk, self.other.pk, 987_654],
        }

    @classmethod
    def current(cls) -> "World":
        if cls._made is None:
            cls._made = cls()
        return cls._made

    @classmethod
    def forget(cls) -> None:
        cls._made = None

    @contextmanager
    def untouched(self) -> Iterator["World"]:
        with transaction.atomic():
            yield self
            transaction.set_rollback(True)

    def run(self, request: Any) -> Any:
        """The reply, checked against the types of the wire; a refusal is one of the closed list."""
        command = COMMANDS.get(request.op)
        if command is None:
            return None
        try:
            with transaction.atomic():
                reply = command.run(self.person, request)
        except KlatchError as refused:
            reply = {"type": "error", "ref": request.ref, **refused.as_dict()}
        told = json.loads(str(protocol.reply(reply, request.ref)))
        assert told.get("code") in {None, *CODES}
        return check(told)
