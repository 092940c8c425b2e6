"""Whoever lists devices hears which sessions hold open sockets: those that live, and no others."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore

from klatch.signals import sessions_used
from tests.conftest import Server, aside, make_user
from tests.realtime.lines import line, log_in, session_of, talking


async def test_the_look_at_rights_tells_which_sessions_are_used(server: Server) -> None:
    anna, joon = await aside(make_user), await aside(make_user)
    cookies = [await aside(log_in, anna) for _ in range(3)]
    told: list[list[str]] = []

    def hear(sender: Any, *, keys: list[str], **kwargs: Any) -> None:
        told.append(keys)

    sessions_used.connect(hear)
    try:
        async with (
            line(server, cookie=cookies[0], origin=server.url) as lives,
            line(server, cookie=cookies[1], origin=server.url) as ended,
            talking(server, joon),
        ):
            await lives.hello()
            await ended.hello()
            await aside(lambda: SessionStore(session_of(cookies[1])).delete())
            await server.node._check_rights(list(server.node.hub.users[anna.pk]))
            assert told[-1] == [session_of(cookies[0])]
            before = len(told)
            # A program has no session.
            await server.node._check_rights(list(server.node.hub.users[joon.pk]))
            assert len(told) == before
    finally:
        sessions_used.disconnect(hear)
