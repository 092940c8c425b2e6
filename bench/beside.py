"""Klatch's server with one address more: a view that does nothing but look who is there, behind the same middleware.

`python -m uvicorn bench.beside:application` serves it; `python -m bench.beside` prints for each of the people the
cookies of a browser in which they have logged in. Both find the database by KLATCH_DATA.
"""

import json

from klatch.server.asgi import application

__all__ = ["application"]

from django.http import HttpRequest, HttpResponse
from django.urls import path

from klatch.server import urls


async def empty(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    return HttpResponse(b'{"you":%d}' % user.pk, content_type="application/json")


urls.urlpatterns.insert(0, path("empty/", empty))


def main() -> None:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.middleware.csrf import CSRF_SECRET_LENGTH
    from django.utils.crypto import get_random_string

    from bench.history import TALKERS

    cookies = []
    for user in get_user_model().objects.filter(pk__lte=TALKERS).order_by("pk"):
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        # To log in is to be given a CSRF cookie too: without it, each page would make and set another.
        cookies.append(
            f"{settings.SESSION_COOKIE_NAME}={session.session_key}; "
            f"{settings.CSRF_COOKIE_NAME}={get_random_string(CSRF_SECRET_LENGTH)}"
        )
    print(json.dumps(cookies))


if __name__ == "__main__":
    main()
