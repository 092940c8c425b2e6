"""What goes out as a frame: what a tick brought to a room, made into bytes once for all who follow it; or one answer.

Knows nobody.
"""

from klatch.protocol import Encoded


class Chunk:
    """What one tick brought to one room: encoded once, shared by all its followers."""

    __slots__ = ("_line", "first", "last", "text", "texts")

    def __init__(self, texts: list[str], first: int = 0, last: int = 0) -> None:
        self.texts = texts
        self.text = ",".join(texts)
        self.first, self.last = first, last
        self._line = b""

    @property
    def line(self) -> bytes:
        """The whole WebSocket frame, for a transport that takes it as it is."""
        if not self._line:
            self._line = _line(self.text.encode())
        return self._line


class Answer(Chunk):
    """One answer that is bytes already: a page is copied once, into its frame. It is text only for who has to wait."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Encoded) -> None:
        self._parts = parts
        self.texts = []
        self.first = self.last = 0

    @property
    def text(self) -> str:  # type: ignore[override]
        return str(self._parts)

    @property
    def line(self) -> bytes:
        return _line(*self._parts)


def _line(*parts: bytes) -> bytes:
    """One text frame of a server (RFC 6455, 5.2): final, unmasked."""
    size = sum(map(len, parts)) + 2
    if size < 126:
        head = b"\x81%c" % size
    elif size < 65_536:
        head = b"\x81\x7e" + size.to_bytes(2)
    else:
        head = b"\x81\x7f" + size.to_bytes(8)
    return b"".join((head, b"[", *parts, b"]"))
