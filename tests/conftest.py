"""People, rooms and a real server in the test's own event loop, for every test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.db import connection, connections

import klatch
from klatch import encoded, limits
from klatch.actions import rooms, tokens
from klatch.actions.members import invite
from klatch.client import Client
from klatch.models import Room
from klatch.realtime import node

numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _calm() -> None:
    limits.buckets.clear()
    encoded.forget()


@pytest.fixture
def db(transactional_db: None) -> None:
    """Real commits: what is tested crosses threads and connections. The search index is no model: emptied here."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM klatch_search")


def make_user(name: str = "", **fields: Any) -> User:
    name = name or f"person{next(numbers)}"
    return User.objects.create_user(name, f"{name}@example.org", "a long password", first_name=name.title(), **fields)


def make_room(owner: User, *people: User, name: str = "", kind: str = "open") -> Room:
    room = rooms.create_room(owner, name=name or f"room {next(numbers)}", kind=kind)
    if people:
        invite(owner, room.pk, [person.pk for person in people])
    room.refresh_from_db()
    return room


def make_token(user: User, scope: str = "write") -> str:
    return tokens.create_token(user, "tests", scope)[1]


async def aside[T](function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run synchronous code, as a project would, beside the event loop, on a connection of its own."""

    def call() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await sync_to_async(call, thread_sensitive=False)()


class Server:
    """Klatch behind a real uvicorn in this event loop. ``connect`` opens a client for a person."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clients: list[Client] = []

    async def connect(self, user: User, **kwargs: Any) -> Client:
        token = await aside(make_token, user)
        client = Client(f"{self.url}/talk", token=token, **kwargs)
        self.clients.append(client)
        await client.connect()
        return client

    @property
    def node(self) -> node.Node:
        running = node.current()
        assert running is not None
        return running


@pytest.fixture
async def server(db: None) -> AsyncIterator[Server]:
    config = uvicorn.Config(
        klatch.asgi(get_asgi_application()),
        port=0,
        ws="websockets-sansio",
        ws_max_size=65_536,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=2,
    )
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(running._serve())
    while not running.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    port = running.servers[0].sockets[0].getsockname()[1]
    made = Server(f"http://127.0.0.1:{port}")
    yield made
    for client in made.clients:
        await client.abort()
    running.should_exit = True
    await task
