"""How the load generator speaks Klatch's protocol (docs/reference/protocol.md)."""

import json
import re
import uuid
from collections.abc import Iterable, Sequence

from bench.process import HOST


class KlatchDialect:
    serial = re.compile(rb'"body":\s?"m(\d{8}) ')
    marker = b'"message.posted"'
    greeting = b'{"op":"hello","ref":0,"epoch":null,"rooms":{}}'
    ready = b'"ready"'

    def __init__(self, port: int, room: int, tokens: Sequence[str]) -> None:
        self._port = port
        self._room = room
        self._tokens = tokens
        self._run = uuid.uuid4().hex[:20]

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "/ws/", {"Authorization": f"Bearer {self._tokens[member]}"}

    def post(self, serial: int, body: str) -> bytes:
        client_id = str(uuid.UUID(f"{self._run}{serial:012x}"))
        request = {"op": "post", "ref": serial, "room": self._room, "client_id": client_id, "body": body}
        return json.dumps(request).encode()

    def answers(self, payload: bytes) -> Iterable[tuple[int, int]]:
        """Serial and message id of each acknowledgement."""
        for reply in json.loads(payload):
            if reply["type"] == "ack":
                yield reply["ref"], reply["id"]
            elif reply["type"] == "error":
                raise ValueError(f"the server refused a post: {reply}")
