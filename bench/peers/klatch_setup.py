"""Fills the folder of KLATCH_DATA: accounts, rooms, everybody in one, a token each. Prints them as JSON.

A process of its own, because it runs with the server's settings. The server must not be running.
"""

import json
import os
import sys
from itertools import batched
from secrets import token_urlsafe
from typing import Any

import django

from klatch.server import folder
from klatch.server.environment import environment


def fill(members: int, rooms: int) -> dict[str, object]:
    from django.contrib.auth import get_user_model

    from klatch.actions import members as membership
    from klatch.actions.rooms import create_room

    accounts = get_user_model()._default_manager
    accounts.bulk_create([accounts.model(username=f"member{number}") for number in range(members)])
    people = list(accounts.order_by("pk"))
    made = []
    for number in range(rooms):
        owner, *others = people[number::rooms]
        room = create_room(owner, name=f"Bench {number}")
        for some in batched(others, 50):
            membership.invite(owner, room.pk, [person.pk for person in some])
        made.append(room.pk)
    return {"rooms": made, "tokens": tokens(people)}


def tokens(people: list[Any]) -> list[str]:
    """One each, as klatch.actions.tokens makes them, but in one statement: there are ten thousand."""
    from klatch.models import Token
    from klatch.models.invite import hash_secret

    secrets = [f"klatch_{token_urlsafe(32)}" for _ in people]
    rows = [
        Token(user=person, name="bench", hash=hash_secret(secret), hint=secret[7:11])
        for person, secret in zip(people, secrets, strict=True)
    ]
    Token.objects.bulk_create(rows)
    return secrets


if __name__ == "__main__":
    folder.prepare(environment().data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klatch.server.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(fill(*map(int, sys.argv[1:]))))
