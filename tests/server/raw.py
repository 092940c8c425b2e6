"""A WebSocket client that may do everything wrong: frames are made byte by byte, nothing is checked or answered."""

import base64
import os
import socket
import struct
from typing import NamedTuple
from urllib.parse import urlsplit

SECONDS = 10.0
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame(NamedTuple):
    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """Of a close frame; 1005 where it has none."""
        return int(struct.unpack("!H", self.payload[:2])[0]) if self.payload else 1005


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True, size: int | None = None
) -> bytes:
    """``size``: the length that is claimed, where it is another than that of ``payload``."""
    length = len(payload) if size is None else size
    first, second = (fin << 7) | (rsv << 4) | opcode, mask << 7
    if length < 126:
        head = struct.pack("!BB", first, second | length)
    elif length < 65_536:
        head = struct.pack("!BBH", first, second | 126, length)
    else:
        head = struct.pack("!BBQ", first, second | 127, length)
    # A mask of zeros is a mask, and leaves the bytes as they are.
    return head + bytes(4) * mask + payload


def text(payload: str) -> bytes:
    return frame(TEXT, payload.encode())


def request(url: str, **headers: str) -> bytes:
    """The opening handshake; a header that is empty is left out."""
    given = {
        "Host": urlsplit(url).netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}\r\n" for name, value in given.items() if value]
    return f"GET /ws/ HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


class Raw:
    """A line to the server. ``status`` and ``headers`` are those of the answer to the handshake."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.url = url
        self.socket = socket.create_connection((address.hostname or "", address.port or 80), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.status = 0
        self.headers: dict[str, str] = {}
        self._held = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def open(self, **headers: str) -> "Raw":
        self.send(request(self.url, **headers))
        return self.answered()

    def answered(self) -> "Raw":
        """Read the answer to a handshake."""
        while b"\r\n\r\n" not in self._held:
            self._read()
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return self

    def passed_over(self, length: int) -> None:
        """So many bytes are read and forgotten: the body of an answer."""
        while len(self._held) < length:
            self._read()
        self._held = self._held[length:]

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def chop(self, data: bytes) -> None:
        """One byte a packet, as far as the network lets us."""
        for byte in data:
            self.socket.send(bytes([byte]))

    def next(self) -> Frame:
        """Raises ``EOFError`` when the server has ended the line."""
        while True:
            if len(self._held) >= 2:
                length, start = self._held[1] & 127, 2
                if length == 126:
                    start = 4
                    length = int.from_bytes(self._held[2:4])
                elif length == 127:
                    start = 10
                    length = int.from_bytes(self._held[2:10])
                if len(self._held) >= start + length:
                    made = Frame(self._held[0] & 15, self._held[start : start + length])
                    self._held = self._held[start + length :]
                    return made
            self._read()

    def closed(self) -> int:
        """The code with which the server closes; 1006 if it says none. Whatever else it says is passed over."""
        try:
            while (came := self.next()).opcode != CLOSE:
                pass
        except (EOFError, ConnectionError):
            return 1006
        return came.code

    def ended(self) -> bool:
        """Whether the server ends the line, too, and says nothing more."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _read(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise EOFError
        self._held += data
