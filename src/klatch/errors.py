"""The closed list of failures: code, HTTP status, whether a retry can help; and the close codes of the socket.

Imports nothing of ours. Every code here is documented in ``docs/reference/errors.md``; a test compares the two.
"""

from enum import IntEnum
from typing import Any, ClassVar


class KlatchError(Exception):
    """What a person or a program did cannot be done, for a reason they may know.

    ``detail`` is one plain sentence; ``extra`` travels beside it (``retry_after``, ``fields``).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    retryable: ClassVar[bool] = False
    default: ClassVar[str] = "That did not work."

    def __init__(self, detail: str = "", **extra: Any) -> None:
        self.detail = detail or self.default
        self.extra = extra
        super().__init__(self.detail)

    def as_dict(self) -> dict[str, Any]:
        """The body of the error on the wire, without ``type`` and ``ref``."""
        return {"code": self.code, "detail": self.detail, **self.extra}


class BadFrame(KlatchError):
    code = "bad_frame"
    default = "A frame must be one JSON object with a text field “op”."


class UnknownOp(KlatchError):
    code = "unknown_op"
    default = "There is no such op."


class Invalid(KlatchError):
    """``fields`` maps a field's name to what is wrong with it."""

    code = "invalid"
    status = 422
    default = "Some fields are missing or wrong."


class TooLarge(KlatchError):
    code = "too_large"
    status = 413
    default = "That is larger than allowed."


class NotFound(KlatchError):
    """Missing, or there but not for you: the two must look the same."""

    code = "not_found"
    status = 404
    default = "There is nothing here that you may see."


class Forbidden(KlatchError):
    """Only for things the actor can already see."""

    code = "forbidden"
    status = 403
    default = "You may see this, but not do that."


class Archived(KlatchError):
    code = "archived"
    status = 409
    default = "This room is archived: it can be read, not written."


class Conflict(KlatchError):
    code = "conflict"
    status = 409
    default = "That is already taken."


class LimitReached(KlatchError):
    code = "limit_reached"
    status = 409
    default = "There are too many of these already."


class RateLimited(KlatchError):
    """``retry_after`` is in seconds."""

    code = "rate_limited"
    status = 429
    retryable = True
    default = "Too fast. Wait a moment."


class Unauthenticated(KlatchError):
    code = "unauthenticated"
    status = 401
    default = "Log in first."


class BadOrigin(KlatchError):
    code = "bad_origin"
    status = 403
    default = "This page may not talk to this server."


class HelloFirst(KlatchError):
    code = "hello_first"
    default = "The first frame must be “hello”, and it is sent once."


class Unavailable(KlatchError):
    """The database cannot take it now. Nothing was stored; the same request may be sent again."""

    code = "unavailable"
    status = 503
    retryable = True
    default = "The server cannot store anything right now. Try again."


class Internal(KlatchError):
    """A fault of ours. The log has the traceback; the wire never has."""

    code = "internal"
    status = 500
    retryable = True
    default = "Something broke on our side."


ALL: tuple[type[KlatchError], ...] = (
    BadFrame, UnknownOp, Invalid, TooLarge, NotFound, Forbidden, Archived, Conflict, LimitReached, RateLimited,
    Unauthenticated, BadOrigin, HelloFirst, Unavailable, Internal,
)  # fmt: skip


class Close(IntEnum):
    """WebSocket close codes. 4000-4499: come back and resume. 4500-4999: do not."""

    SLOW = 4000
    SHUTDOWN = 4001
    HELLO_TIMEOUT = 4002
    REAUTHENTICATE = 4003
    TOO_OFTEN = 4004
    LOGGED_OUT = 4500
    UNAUTHENTICATED = 4501
    PROTOCOL = 4502
    TOO_MANY_SOCKETS = 4503

    @property
    def reconnect(self) -> bool:
        """Whether a client should come back by itself."""
        return self < 4500
