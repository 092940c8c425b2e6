"""WebSocket framing for the load generator: bytes in, bytes out. Knows no sockets and nothing of any peer."""

import base64
import hashlib
import os
import random

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # fixed by RFC 6455


def handshake(host: str, path: str, headers: dict[str, str]) -> tuple[bytes, bytes]:
    """Give the opening request and the Sec-WebSocket-Accept value that must come back."""
    key = base64.b64encode(os.urandom(16))
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key.decode()}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SUFFIX).digest())
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), accept


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Frame and mask what a client sends."""
    size = len(payload)
    if size < 126:
        header = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        header = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2)
    else:
        header = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8)
    mask = random.getrandbits(32).to_bytes(4)
    stretched = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload) ^ int.from_bytes(stretched)).to_bytes(size)
    return header + mask + masked


def server_header(buffer: bytearray, start: int, end: int) -> tuple[int, int, int] | None:
    """The frame at start: opcode, where its payload begins, where it ends. None: the header is not all there yet."""
    if end - start < 2:
        return None
    first, size = buffer[start], buffer[start + 1]
    if first & 0xF0 != 0x80 or size & 0x80 or not first & 0x0F:
        raise ValueError(
            f"the server sent a frame that this generator does not speak: {bytes(buffer[start : start + 2]).hex()}"
        )
    begin = start + 2
    if size >= 126:
        begin += 2 if size == 126 else 8
        if end < begin:
            return None
        size = int.from_bytes(buffer[start + 2 : begin])
    return first & 0x0F, begin, begin + size
