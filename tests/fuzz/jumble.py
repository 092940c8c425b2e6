"""Bytes as a frame or a batch that is nearly right, so that chance gets past the first check. Uses no chance itself."""

import json
from collections.abc import Mapping, Sequence

from klatch import protocol

IDS: Mapping[str, Sequence[int]] = {"room": (1, 2, 9), "message": (1, 2, 9), "user": (1, 2, 9)}
CHOICES: dict[str, Sequence[object]] = {
    "kind": ("open", "private"),
    "role": ("owner", "moderator", "member"),
    "on": (True, False),
    "archived": (True, False),
    "epoch": (None, "00000000-0000-4000-8000-000000000001"),
    "rooms": ({}, {"1": 2}, {"1": 0, "9": 2**63 - 1}),
}
WRONG = (
    *("null", "true", "0", "-0", "-1", "1.5", "1e2", "1e400", "NaN", "Infinity", "01", "9223372036854775807"),
    *(
        "9223372036854775808",
        '"1"',
        '""',
        "[]",
        "{}",
        "[1]",
        "[null]",
        '{"1":1}',
        '{"-1":-1}',
        '"\\u0000"',
        '"\\ud800"',
    ),
    *('"\\ud83d\\udc4d"', '"', "", "[" * 300, "1" * 5_000, '"' + "я" * 12_000 + '"', "[" + "1," * 120 + "1]", "\ufeff"),
)


def frame(data: bytes, ids: Mapping[str, Sequence[int]] = IDS) -> str:
    """The first byte names the op, one byte each its fields; the rest is text. Bytes from 200 on make it wrong."""
    kind = protocol.REQUESTS[data[0] % len(protocol.REQUESTS)] if data else protocol.Ping
    names = [name for name in kind.model_fields if name not in ("op", "ref")]
    given = data[1 : 2 + len(names)].ljust(1 + len(names), b"\0")
    words = data[2 + len(names) :].decode("utf-8", "replace")
    op = str(kind.model_fields["op"].default)
    parts = [f'"op":{json.dumps(op)}']
    for name, byte in zip(["ref", *names], given, strict=True):
        if byte == 255:
            continue
        value = WRONG[byte % len(WRONG)] if byte >= 200 else json.dumps(_value(op, name, byte, words, ids))
        parts.append(f'"{name if byte != 254 else words[:9]}":{value}')
    return f"{{{','.join(parts)}}}"


def batch(data: bytes) -> bytes:
    """The same for what comes over the bus: five bytes an envelope, until eight are made; the rest is text."""
    rows = [data[start : start + 5] for start in range(0, min(len(data), 40), 5)]
    words = json.dumps(data[40:].decode("utf-8", "replace"))
    right = (lambda byte: f'"event.{byte}"', str, str, str, lambda byte: words if byte % 2 else "null")
    made = [
        ",".join(
            WRONG[byte % len(WRONG)] if byte >= 240 else write(byte) for byte, write in zip(row, right, strict=False)
        )
        for row in rows
    ]
    return f'["me",[{",".join(f"[{row}]" for row in made)}]]'.encode()


def _value(op: str, name: str, byte: int, words: str, ids: Mapping[str, Sequence[int]]) -> object:
    if name == "reply_to":
        return ids["message"][byte // 2 % len(ids["message"])] if byte % 2 else None
    if name in ids:
        return ids[name][byte % len(ids[name])]
    if name == "users":
        return [ids["user"][(byte >> shift) % len(ids["user"])] for shift in range(1 + byte % 3)]
    if name == "client_id":
        return f"00000000-0000-4000-8000-{byte:012d}"
    if name in CHOICES:
        return CHOICES[name][byte % len(CHOICES[name])]
    if name == "emoji":
        return ("👍", "🎉", words)[byte % 3]
    if name == "after" and op in ("rooms", "members"):
        return (None, words, str(byte))[byte % 3]
    # Only one of the places may be given, so mostly none is.
    if name in ("before", "after", "around"):
        return byte if byte % 4 == 3 else None
    return byte if name in ("ref", "position", "limit", "seq") else words
