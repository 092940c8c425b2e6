"""A server that does nothing but answer: the same bytes as Klatch sends, no account, no rule, no text, no database.

What it reaches is what the load generator and the kernel can carry here: no product can show more with it.
"""

import asyncio
import base64
import hashlib
import json
import sys

import uvloop

AUTHOR = b'{"id":1,"username":"member0","name":"Member 0","avatar":null}'


class Room:
    """Everybody who is connected. What is posted in one turn of the loop goes out as one frame."""

    def __init__(self) -> None:
        self.members: list[Connection] = []
        self.seq = 0
        self._events: list[bytes] = []

    def post(self, client_id: str, body: str) -> int:
        self.seq += 1
        text, number = body.encode(), b"%d" % self.seq
        at = b'"at":"2026-01-01T00:00:00.000Z"'
        event = b'{"type":"message.posted","room":1,"seq":%b,%b,"actor":%b,"message":{"id":%b,"room":1,"position":%b,'
        message = b'"seq":%b,"rev":%b,"client_id":"%b","author":%b,"body":"%b","html":"<p>%b</p>",%b,'
        rest = b'"edited_at":null,"deleted":false,"reply_to":null,"reactions":[]}}'
        values = (number, at, AUTHOR, number, number, number, number, client_id.encode(), AUTHOR, text, text, at)
        self._events.append((event + message + rest) % values)
        return self.seq

    def deliver(self) -> None:
        events, self._events = self._events, []
        data = frame(events)
        for member in self.members:
            member.transport.write(data)


def frame(objects: list[bytes]) -> bytes:
    payload = b"[" + b",".join(objects) + b"]"
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


class Connection(asyncio.Protocol):
    def __init__(self, room: Room) -> None:
        self._room = room
        self._data = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._room.members:
            self._room.members.remove(self)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._upgraded:
            if b"\r\n\r\n" not in self._data:
                return
            self._upgrade()
        replies, posted = [], False
        while (payload := self._next()) is not None:
            request = json.loads(payload)
            if request["op"] == "hello":
                self._room.members.append(self)
                replies.append(b'{"type":"ready","ref":0}')
            else:
                number = self._room.post(request["client_id"], request["body"])
                ack = b'{"type":"ack","ref":%d,"room":1,"seq":%d,"id":%d,"position":%d}'
                replies.append(ack % (request["ref"], number, number, number))
                posted = True
        if replies:
            self.transport.write(frame(replies))
        if posted:
            self._room.deliver()

    def _upgrade(self) -> None:
        head, self._data = self._data.split(b"\r\n\r\n", 1)
        key = next(
            line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._upgraded = True

    def _next(self) -> bytes | None:
        """The next text frame's payload; anything else ends the connection."""
        data = self._data
        if len(data) < 6:
            return None
        size, begin = data[1] & 0x7F, 2
        if data[0] != 0x81:
            self.transport.close()
            return None
        if size == 126:
            size, begin = int.from_bytes(data[2:4]), 4
        if len(data) < begin + 4 + size:
            return None
        mask = (data[begin : begin + 4] * (size // 4 + 1))[:size]
        masked = data[begin + 4 : begin + 4 + size]
        self._data = data[begin + 4 + size :]
        return (int.from_bytes(masked) ^ int.from_bytes(mask)).to_bytes(size)


async def serve(port: int) -> None:
    room = Room()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(room), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
