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
    body = f"[{text}]".encode()
    size = len(body)
    if size < 126:
        return b"\x81%c%b" % (size, body)
    if size < 65_536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), body)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), body)
