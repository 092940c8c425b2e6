"""How a REST call runs: through the node of this process where one runs in this loop, else on Django's own thread."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from klatch import protocol
from klatch.commands import COMMANDS, admit, draft, posted
from klatch.realtime import node
from klatch.realtime.login import Login


def answer(reply: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(protocol.encode(reply), content_type="application/json", status=status)


def asker(request: HttpRequest, op: str) -> Any:
    """The person behind a request, if their login may ask for this now. Raises ``RateLimited``, ``Forbidden``."""
    who: Login = request.auth  # type: ignore[attr-defined]
    admit(op, who.user.pk, who.may_write)
    return who.user


async def run(request: HttpRequest, op: str, **values: Any) -> HttpResponse:
    """Do what the op of this name does, for the person who asks; values that are None are left out."""
    command = COMMANDS[op]
    asked = protocol.parse(command.request, {key: value for key, value in values.items() if value is not None})
    user = asker(request, op)
    here = _node()
    if here is not None and isinstance(asked, protocol.Post):
        return answer(posted(await here.writer.post(draft(user, asked))))
    if here is not None and (kept := here.reads.begin(user, asked)) is not None:
        return answer(await kept)
    work = partial(command.run, user, asked)
    return answer(await (written(work) if command.writes else in_thread(work, op=op)))


async def in_thread[T](work: Callable[..., T], *args: Any, op: str = "") -> T:
    """A read, on the node's pool where there is one."""
    here = _node()
    if here is not None:
        return await here.read(op, work, *args)
    return await sync_to_async(work)(*args)


async def written[T](work: Callable[[], T]) -> T:
    """A write, on the process's writer where there is one."""
    here = _node()
    if here is not None:
        # With what is known of the request: whoever keeps a record asks where it came from.
        result: T = await here.writer.run(partial(copy_context().run, work))
        return result
    return await sync_to_async(work)()


def _node() -> node.Node | None:
    here = node.current()
    return here if here is not None and here.loop is asyncio.get_running_loop() else None
