"""From text to requests, and from frames to text. Refuses what is wrong; knows no rule beyond the types."""

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from klatch.errors import BadFrame, Invalid, UnknownOp
from klatch.protocol.requests import BIGGEST, REQUESTS, Request

_BY_OP: dict[str, type[Request]] = {kind.model_fields["op"].default: kind for kind in REQUESTS}
_ANY_REQUEST: Any = reduce(or_, REQUESTS)
_REQUEST: TypeAdapter[Any] = TypeAdapter(Annotated[_ANY_REQUEST, Field(discriminator="op")])


class Encoded(tuple[bytes, ...]):
    """A reply that is JSON already, in parts, the first up to its type. Joined only where it is written."""

    __slots__ = ()

    def __str__(self) -> str:
        return b"".join(self).decode()


def encode(frame: Any) -> str:
    """One object as JSON text, not yet wrapped in the frame's array."""
    return str(frame) if isinstance(frame, Encoded) else to_json(frame).decode()


def reply(body: Any, ref: int | None) -> str | Encoded:
    """A reply with the number that the client gave its request."""
    if isinstance(body, Encoded):
        return Encoded((body[0], b'"ref":null,' if ref is None else b'"ref":%d,' % ref, *body[1:]))
    return encode({"type": body["type"], "ref": ref, **body})


def acknowledged(ref: int | None, room: int, seq: int, id: int, position: int) -> str:
    """An ``Ack`` of a message as a reply: in a flood there is one for each, and ``reply`` takes three times as long."""
    number = "null" if ref is None else ref
    return f'{{"type":"ack","ref":{number},"room":{room},"seq":{seq},"id":{id},"position":{position}}}'


def decode(text: str) -> Any:
    """One frame of a client as a request.

    Raises ``BadFrame``, ``UnknownOp`` or ``Invalid``; each has ``ref`` in its ``extra`` where one could be read.
    """
    try:
        return _REQUEST.validate_json(text)
    except ValidationError as wrong:
        ref = _ref_of(text)
        first = wrong.errors(include_url=False, include_context=False, include_input=False)
        kind = first[0]["type"]
        if kind == "union_tag_invalid":
            raise UnknownOp(ref=ref) from None
        if kind in ("json_invalid", "union_tag_not_found", "model_attributes_type", "dict_type", "model_type"):
            raise BadFrame(ref=ref) from None
        raise Invalid(ref=ref, fields=_fields(first, skip=1)) from None


def parse(kind: type[Request], values: dict[str, Any]) -> Any:
    """The same check for a request that came another way (REST). Raises ``Invalid``."""
    try:
        return kind.model_validate_json(to_json(values))
    except (ValidationError, ValueError) as wrong:
        if not isinstance(wrong, ValidationError):
            raise Invalid from None
        raise Invalid(
            fields=_fields(wrong.errors(include_url=False, include_context=False, include_input=False))
        ) from None


def request_type(op: str) -> type[Request]:
    return _BY_OP[op]


def _fields(errors: Any, skip: int = 0) -> dict[str, str]:
    return {".".join(str(part) for part in error["loc"][skip:])[:80]: error["msg"] for error in errors[:8]}


def _ref_of(text: str) -> int | None:
    try:
        ref = from_json(text).get("ref")
    except (ValueError, AttributeError):
        return None
    return ref if type(ref) is int and -BIGGEST <= ref <= BIGGEST else None
