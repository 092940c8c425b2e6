"""The private room and everybody around it in the database of a server: ``python -m tests.security.seed DATA``."""

import json
import os
import sys
from typing import Any


def seed() -> dict[str, Any]:
    from django.contrib.auth.models import User

    from klatch.actions import members, tokens
    from tests.security.standings import NOWHERE, surroundings

    on = surroundings("private")
    User.objects.filter(is_superuser=True).update(is_staff=True)  # as owners of a place are
    rosa = User.objects.get(username="rosa")
    members.invite(on["owner"], on.room.pk, [rosa.pk])
    return {
        "names": {standing: person.username for standing, person in on.people.items()},
        "hidden": on.hidden,
        "bearer": tokens.create_token(rosa, "bearer")[1],
        "at": {
            "slug": on.room.slug,
            "position": on.message.position,
            "secret": on.secret,
            "invite": on.invite,
            "token": on.token,
            "person": on["newcomer"].pk,
            "nowhere": NOWHERE,
        },
    }


if __name__ == "__main__":
    os.environ["KLATCH_DATA"] = sys.argv[1]
    os.environ["DJANGO_SETTINGS_MODULE"] = "klatch.server.settings"
    import django

    django.setup()
    print(json.dumps(seed()))  # noqa: T201
