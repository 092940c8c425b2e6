"""How the load generator talks to a server. Each peer says what differs; nothing here opens a socket."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

# What a client says at first, and what it must hear before it says the next. None: nothing.
type Steps = list[tuple[bytes, bytes | None]]

WORDS = " did you see the new numbers? let us talk about them at lunch today"


def text(serial: int, size: int = 64) -> str:
    """The message with this serial number: plain words, as most of chat is."""
    return f"m{serial:08d}{WORDS}"[:size].ljust(size, ".")


class Session:
    """What one client remembers from one connection to the next. Here: nothing, it begins anew each time."""

    def __init__(self, dialect: Dialect, member: int) -> None:
        self.repeated = 0  # messages that came again and were dropped by the protocol's own rule
        self._dialect, self._member = dialect, member

    def steps(self) -> Steps:
        return self._dialect.steps(self._member)

    def heard(self, payload: bytes) -> list[int]:
        """The serial numbers of the messages in it."""
        return [int(digits) for digits in self._dialect.serial.findall(payload)]


class Dialect(ABC):
    serial: re.Pattern[bytes]  # finds the numbers of text() in a frame
    marker: bytes  # occurs once for each message
    lines = False  # plain lines over TCP in place of WebSocket frames
    acknowledges = True  # if not, the poster's own echo is the answer
    echoes = True  # whether a poster receives its own messages; if not, posters are extra and not counted
    beat: tuple[bytes, bytes] | None = None  # a ping that travels as text, and its answer

    @abstractmethod
    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        """Host, port, path and headers of a member's socket."""

    def steps(self, member: int) -> Steps:
        return []

    def session(self, member: int) -> Session:
        return Session(self, member)

    @abstractmethod
    def post(self, serial: int, body: str, room: int) -> bytes: ...

    @abstractmethod
    def answers(self, payload: bytes) -> Iterable[tuple[int, Any]]:
        """Serial and receipt (to verify afterwards) of each post that this frame completes. Raises on a refusal."""


class EchoDialect(Dialect):
    """A server that acknowledges nothing."""

    acknowledges = False

    def answers(self, payload: bytes) -> Iterable[tuple[int, None]]:
        return [(int(digits), None) for digits in self.serial.findall(payload)]
