"""What one tick brought to one room, made into bytes once for all who follow it. Knows nobody."""


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
            self._line = _line(self.text)
        return self._line


def _line(text: str) -> bytes:
    """One text frame of a server (RFC 6455, 5.2): final, unmasked."""
    body = text.encode()
    size = len(body) + 2
    if size < 126:
        head = b"\x81%c" % size
    elif size < 65_536:
        head = b"\x81\x7e" + size.to_bytes(2)
    else:
        head = b"\x81\x7f" + size.to_bytes(8)
    # Pages are long: what is put around them should copy them once.
    return b"".join((head, b"[", body, b"]"))
