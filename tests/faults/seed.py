"""People with tokens in a room, made in one go: `python -m tests.faults.seed DATA PEOPLE`; prints them as JSON."""

import json
import os
import sys
from typing import Any


def seed(people: int) -> dict[str, Any]:
    from django.contrib.auth.models import User

    from klatch.actions import members, rooms, tokens

    users = User.objects.bulk_create(
        [User(username=f"person{number}", first_name=f"Person {number}", password="!") for number in range(people)]
    )
    owner = users[0]
    room = rooms.create_room(owner, name="storm")
    for start in range(1, people, 100):
        members.invite(owner, room.pk, [user.pk for user in users[start : start + 100]])
    return {"room": room.pk, "tokens": [tokens.create_token(user, "faults")[1] for user in users]}


if __name__ == "__main__":
    os.environ["KLATCH_DATA"] = sys.argv[1]
    os.environ["DJANGO_SETTINGS_MODULE"] = "klatch.server.settings"
    import django

    django.setup()
    print(json.dumps(seed(int(sys.argv[2]))))  # noqa: T201
