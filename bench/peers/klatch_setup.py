"""Fills the folder of KLATCH_DATA: accounts, one room, everybody in it, a token each. Prints them as JSON.

A process of its own, because it runs with the server's settings. The server must not be running.
"""

import json
import os
import sys

import django

from klatch.server import folder
from klatch.server.environment import environment


def fill(members: int) -> dict[str, object]:
    from django.contrib.auth import get_user_model

    from klatch.actions import members as membership
    from klatch.actions import rooms, tokens

    accounts = get_user_model()._default_manager
    accounts.bulk_create([accounts.model(username=f"member{number}") for number in range(members)])
    people = list(accounts.order_by("pk"))
    room = rooms.create_room(people[0], name="Bench")
    if members > 1:
        membership.invite(people[0], room.pk, [person.pk for person in people[1:]])
    return {"room": room.pk, "tokens": [tokens.create_token(person, "bench")[1] for person in people]}


if __name__ == "__main__":
    folder.prepare(environment().data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "klatch.server.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(fill(int(sys.argv[1]))))
