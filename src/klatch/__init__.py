"""Chat for Django. What a project imports from here: ``klatch.post`` and ``klatch.asgi``.

Everything else that is public is reached through its module and listed in ``docs/reference``.
"""

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from klatch.models import Message, Room

__version__ = "0.1.0"
__all__ = ["asgi", "post"]


def post(
    room: "Room | int | str",
    author: Any,
    body: str,
    *,
    client_id: uuid.UUID | None = None,
    reply_to: "Message | int | None" = None,
) -> "Message":
    """Post a message from synchronous code, as part of the transaction it is called in: rolled back, it never was.

    ``room`` is a room, its id or its address; ``author`` a user who is a member of it. Returns the message; where this
    author used ``client_id`` before, the message of that time. Raises ``NotFound``, ``Archived``, ``TooLarge`` and
    ``Invalid`` of ``klatch.errors``.
    """
    from klatch.actions import messages, rooms

    return messages.post(rooms.room_named(room), author, body, client_id=client_id, reply_to=reply_to)


def asgi(http: Any, websocket: Any = None) -> Any:
    """Wrap a project's ASGI application: ``application = klatch.asgi(get_asgi_application())``.

    ``websocket`` is an ASGI application for the project's other sockets, if it has any.
    """
    from klatch.realtime.asgi import application

    return application(http, websocket)
