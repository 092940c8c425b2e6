"""Raw lines to a server, for what no well-behaved client would do; and sessions as a browser has them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import Any

import websockets
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import Server, aside, make_token

SECONDS = 10


class Line:
    """A WebSocket that sends what it is told to and hands on single objects."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._waiting: list[dict[str, Any]] = []
        self.missed: list[dict[str, Any]] = []

    async def say(self, text: str | bytes) -> None:
        await self.socket.send(text)

    async def send(self, **frame: Any) -> None:
        await self.say(json.dumps(frame))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            while not self._waiting:
                self._waiting = json.loads(await self.socket.recv())
        return self._waiting.pop(0)

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        while True:
            frame = await self.next()
            if frame["type"] == kind and all(frame.get(key) == value for key, value in fields.items()):
                return frame

    async def ask(self, **frame: Any) -> dict[str, Any]:
        """Send and take the frame with the same ref, whatever comes between."""
        await self.send(**frame)
        while True:
            reply = await self.next()
            if reply.get("ref") == frame["ref"]:
                return reply

    async def hello(self, epoch: str | None = None, rooms: dict[int, int] | None = None) -> dict[str, Any]:
        """Returns the welcome; what came between it and ``ready`` is in ``missed``."""
        known = {str(room): seq for room, seq in (rooms or {}).items()}
        await self.send(op="hello", ref=0, epoch=epoch, rooms=known)
        welcome = await self.until("welcome")
        self.missed = []
        while (frame := await self.next())["type"] != "ready":
            self.missed.append(frame)
        return welcome

    async def rest(self) -> list[dict[str, Any]]:
        """All that comes before the answer to a ping: whatever was on its way is then here."""
        await self.send(op="ping", ref=987_654)
        frames = []
        while (frame := await self.next()).get("ref") != 987_654:
            frames.append(frame)
        return frames

    async def closed(self) -> int | None:
        """Wait for the end; its code, None where there was none."""
        async with asyncio.timeout(SECONDS):
            try:
                while True:
                    await self.socket.recv()
            except websockets.ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd is not None else None


async def eventually(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """For what the server does without telling anybody: there is no event to wait for."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def line(server: Server, **headers: str) -> AsyncIterator[Line]:
    """``line(server, cookie=…, origin=…)``. Raises what ``websockets`` raises where the handshake is refused."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    socket = await connect(
        f"ws{server.url.removeprefix('http')}/talk/ws/",
        additional_headers=given,
        max_size=None,
        compression=None,
        ping_interval=None,
    )
    try:
        yield Line(socket)
    finally:
        socket.transport.abort()
        await socket.wait_closed()


@asynccontextmanager
async def talking(server: Server, user: User, hello: bool = True) -> AsyncIterator[Line]:
    """A line with a token of this person, by default after its hello."""
    async with line(server, authorization=f"Bearer {await aside(make_token, user)}") as made:
        if hello:
            await made.hello()
        yield made


def log_in(user: User) -> str:
    """A session as the login page makes it; returns the Cookie header."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def session_of(cookie: str) -> str:
    return SimpleCookie(cookie)[settings.SESSION_COOKIE_NAME].value
