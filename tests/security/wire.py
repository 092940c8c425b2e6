"""Bytes to a real server as no client of good manners would send them, and what its process makes of them."""

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.server.browsing import Browser
from tests.server.process import Server

MIB = 1 << 20
CONTINUED, TEXT, CLOSE = 0, 1, 8


@dataclass
class Served:
    server: Server
    rosa: Browser
    room: int
    tokens: list[str]

    @property
    def address(self) -> str:
        return self.server.url

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=20)

    def handshake(self, *headers: bytes, path: bytes = b"/ws/") -> bytes:
        given = (
            b"GET " + path + b" HTTP/1.1",
            b"Host: " + self.address.removeprefix("http://").encode(),
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            b"Sec-WebSocket-Version: 13",
            *headers,
        )
        return b"\r\n".join(given) + b"\r\n\r\n"

    def memory(self) -> float:
        """What the process holds, in MiB."""
        assert self.server.process is not None
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def cpu(self) -> float:
        """Seconds it has worked."""
        assert self.server.process is not None
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def lives(self) -> bool:
        return self.server.browser().get("/healthz").status == 200


def frame(kind: int, data: bytes, *, final: bool = True, compressed: bool = False) -> bytes:
    """A client's frame, masked with zeros."""
    first = kind | (0x80 if final else 0) | (0x40 if compressed else 0)
    size = len(data)
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 65_536:
        head = bytes([first, 0x80 | 126]) + size.to_bytes(2)
    else:
        head = bytes([first, 0x80 | 127]) + size.to_bytes(8)
    return head + b"\0\0\0\0" + data


def pour(line: socket.socket, block: bytes, limit: int) -> int:
    """Send a block again and again until ``limit`` bytes are sent or the server hangs up; returns how many were."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < limit:
            line.sendall(block)
            sent += len(block)
    return sent


def answer(line: socket.socket) -> bytes:
    """The head of the reply; empty where the server hung up."""
    got = b""
    with contextlib.suppress(OSError):
        while b"\r\n\r\n" not in got and (more := line.recv(65_536)):
            got += more
    return got


def status(got: bytes) -> int:
    return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.1 ") else 0


def close_code(line: socket.socket, before: bytes = b"") -> int:
    """The code of the close frame that the server sends; 0 where it just hung up. ``before`` was read already."""
    got = before
    with contextlib.suppress(OSError):
        while True:
            while (taken := _taken(got)) and taken <= len(got):
                if got[0] & 0x0F == CLOSE:
                    return int.from_bytes(got[2:4])
                got = got[taken:]
            if not (more := line.recv(65_536)):
                break
            got += more
    return 0


def _taken(got: bytes) -> int:
    """How many bytes the first frame takes; 0 where that cannot be said yet."""
    if len(got) < 2:
        return 0
    size = got[1] & 0x7F
    if size < 126:
        return 2 + size
    width = 2 if size == 126 else 8
    return 2 + width + int.from_bytes(got[2 : 2 + width]) if len(got) >= 2 + width else 0
