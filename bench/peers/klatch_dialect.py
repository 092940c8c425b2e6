"""How the load generator speaks Klatch's protocol (docs/reference/protocol.md)."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.dialect import Dialect, Session, Steps
from bench.process import HOST

ACK = re.compile(rb'\{"type":"ack"[^}]*\}')


class KlatchDialect(Dialect):
    serial = re.compile(rb'"body":\s?"m(\d{8}) ')
    marker = b'"message.posted"'

    def __init__(self, port: int, rooms: Sequence[int], tokens: Sequence[str]) -> None:
        self._port = port
        self._rooms = rooms
        self._tokens = tokens
        self._latest: tuple[bytes, list[dict[str, Any]]] = b"", []
        self._run = uuid.uuid4().hex[:20]

    def address(self, member: int) -> tuple[str, int, str, dict[str, str]]:
        return HOST, self._port, "/ws/", {"Authorization": f"Bearer {self._tokens[member]}"}

    def steps(self, member: int) -> Steps:
        return hello(None, {})

    def session(self, member: int) -> "KlatchSession":
        return KlatchSession(self, member)

    def frame(self, payload: bytes) -> list[dict[str, Any]]:
        """Read once, however many receive it."""
        if payload != self._latest[0]:
            self._latest = payload, json.loads(payload)
        return self._latest[1]

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


def hello(epoch: str | None, rooms: Mapping[str, int]) -> Steps:
    return [(json.dumps({"op": "hello", "ref": 0, "epoch": epoch, "rooms": rooms}).encode(), b'"type":"ready"')]


class KlatchSession(Session):
    """The log's epoch and the last number of each room: the server sends what came after."""

    _dialect: KlatchDialect

    def __init__(self, dialect: KlatchDialect, member: int) -> None:
        super().__init__(dialect, member)
        self._epoch: str | None = None
        self._seqs: dict[str, int] = {}

    def steps(self) -> Steps:
        return hello(self._epoch, self._seqs)

    def heard(self, payload: bytes) -> list[int]:
        """What comes again is dropped, as the protocol asks; a hole is an error, because there are none."""
        serials = []
        for event in self._dialect.frame(payload):
            if event["type"] == "welcome":
                self._welcomed(event)
            elif event["type"] == "reset":
                raise ValueError(f"the server gave up on a resume: {event}")
            elif "actor" in event and self._is_next(event) and event["type"] == "message.posted":
                serials.append(int(event["message"]["body"][1:9]))
        return serials

    def _welcomed(self, event: dict[str, Any]) -> None:
        self._epoch = event["epoch"]
        for room in event["rooms"]:
            self._seqs.setdefault(str(room["id"]), room["seq"])

    def _is_next(self, event: dict[str, Any]) -> bool:
        room, seq = str(event["room"]), event["seq"]
        if seq <= self._seqs[room]:
            self.repeated += 1
            return False
        if seq > self._seqs[room] + 1:
            raise ValueError(f"a hole in a room: {seq} came after {self._seqs[room]}")
        self._seqs[room] = seq
        return True
