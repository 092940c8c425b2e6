"""The vectors: their frames are frames of the protocol, and the model client makes of them what they expect.

What only a client with a screen has (windows, pending rows, who types) is judged by the browser's own test of them.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.frames import TYPES, check, events_of_the_specification
from tests.store import Gap, Store

VECTORS = sorted(Path(__file__).parent.glob("*.json"))
KNOWN = TYPES.keys() | events_of_the_specification().keys()
NOT_JUDGED = {"typing", "loaded", "start", "end", "notices", "only"}


def read(file: Path) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return vector


def frames_of(vector: dict[str, Any]) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    for step in vector["steps"]:
        frames += step if isinstance(step, list) else [step["page"]] if "page" in step else []
    return frames


class Client(Store):
    """Asks once for what is missing, and notes which rooms it lost."""

    def __init__(self, you: dict[str, Any]) -> None:
        super().__init__(you, [])
        self.asked: list[list[int]] = []
        self.lost: list[str] = []
        self._asking: set[int] = set()

    def take(self, frame: dict[str, Any]) -> None:
        before = {key: room["slug"] for key, room in self.rooms.items()}
        try:
            self.apply(frame)
        except Gap:
            if frame["room"] not in self._asking:
                self._asking.add(frame["room"])
                self.asked.append([frame["room"], self.heads[frame["room"]]])
        if frame["type"] == "subscribed":
            self._asking.discard(frame["room"])
        self.lost += [slug for key, slug in before.items() if key not in self.rooms]

    def unread(self) -> int:
        return sum(max(0, room["count"] - room["read"]) for room in self.rooms.values())


def seen(message: dict[str, Any], key: str) -> Any:
    if key == "edited":
        return message["edited_at"] is not None
    if key == "quote":
        return message["reply_to"]
    if key == "reactions":
        return {group["emoji"]: sorted(group["users"]) for group in message["reactions"]}
    return message[key]


def compare_room(client: Client, key: int, expected: dict[str, Any]) -> None:
    room = client.rooms[key]
    for name, value in expected.items():
        if name == "messages":
            held = {message["position"]: message for message in client.messages[key].values()}
            for message in value:
                for field, wanted in message.items():
                    there = seen(held[message["position"]], field)
                    if isinstance(wanted, dict) and field == "quote":
                        there = {part: there[part] for part in wanted}
                    assert there == wanted, f"message {message['position']}: {field}"
        elif name == "unread":
            assert max(0, room["count"] - room["read"]) == value
        elif name == "seq":
            assert client.heads[key] == value
        elif name not in NOT_JUDGED:
            assert room[name] == value, name


@pytest.mark.parametrize("file", VECTORS, ids=lambda file: file.stem)
def test_every_frame_of_a_vector_is_one_that_the_server_could_send(file: Path) -> None:
    for frame in frames_of(read(file)):
        if file.stem.endswith("unknown"):
            continue  # what a later server may send, and clients must ignore
        assert frame["type"] in KNOWN
        check(frame)


@pytest.mark.parametrize("file", VECTORS, ids=lambda file: file.stem)
def test_the_model_client_makes_of_a_vector_what_it_expects(file: Path) -> None:
    vector = read(file)
    client = Client(vector["you"])
    for frame in frames_of(vector):
        client.take(frame)
    expected = vector["expect"]
    for name in expected.keys() & {"epoch", "asked", "lost"}:
        assert getattr(client, name) == expected[name], name
    if "unread" in expected:
        assert client.unread() == expected["unread"]
    rooms = expected.get("rooms", {})
    if "only" in rooms:
        assert sorted(client.rooms) == sorted(int(key) for key in rooms["only"])
    for key, wanted in rooms.items():
        if key != "only":
            compare_room(client, int(key), wanted)


def test_the_vectors_use_every_type_that_a_server_sends_by_itself() -> None:
    used = {frame["type"] for file in VECTORS for frame in frames_of(read(file))}
    unasked = events_of_the_specification().keys() | {"welcome", "ready", "reset", "typing", "presence", "read"}
    assert unasked | {"room.added", "room.removed"} <= used
