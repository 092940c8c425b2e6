"""How the load generator speaks Klatch's protocol (docs/reference/protocol.md)."""

import json
import re
import uuid
from collections.abc import Iterable, Sequence

from bench.dialect import Dialect
from bench.process import HOST

ACK = re.compile(rb'\{"type":"ack"[^}]*\}')


class KlatchDialect(Dialect):
    serial = re.compile(rb'"body":\s?"m(\d{8}) ')
    marker = b'"message.posted"'

    def __init__(self, port: int, rooms: Sequence[int], tokens: Sequence[str]) -> None:
        self._port = port
        self._rooms = rooms
        self._tokens = tokens
        self._run = uuid.uuid4().hex[:20]

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "/ws/", {"Authorization": f"Bearer {self._tokens[member]}"}

    def steps(self, member: int) -> list[tuple[bytes, bytes | None]]:
        return [(b'{"op":"hello","ref":0,"epoch":null,"rooms":{}}', b'"ready"')]

    def post(self, serial: int, body: str, room: int) -> bytes:
        client_id = str(uuid.UUID(f"{self._run}{serial:012x}"))
        request = {"op": "post", "ref": serial, "room": self._rooms[room], "client_id": client_id, "body": body}
        return json.dumps(request).encode()

    def answers(self, payload: bytes) -> Iterable[tuple[int, int]]:
        """Serial and message id of each acknowledgement."""
        if b'"type":"error"' in payload:
            raise ValueError(f"the server refused a post: {payload[:500]!r}")
        for found in ACK.findall(payload):
            ack = json.loads(found)
            yield ack["ref"], ack["id"]
