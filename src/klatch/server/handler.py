"""Django's handler for HTTP with fewer visits to threads: middleware and view of a request run in one go on one.

Static files are answered in the event loop. Threads are kept between requests, each with its connection to the
database.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from servestatic.middleware import ServeStaticMiddleware

KEPT = 16  # threads while nobody asks; there are as many as there are requests at a time


class Handler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._files: Any = convert_exception_to_response(ServeStaticMiddleware(self._in_thread))
        self._security = SecurityMiddleware(self.get_response)
        self._free: list[ThreadPoolExecutor] = []

    def load_middleware(self, is_async: bool = False) -> None:
        # Of both kinds Django would choose those for the event loop: each then goes to the thread twice, by itself.
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._free.pop() if self._free else ThreadPoolExecutor(1, thread_name_prefix="klatch-http")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
        finally:
            if len(self._free) < KEPT:
                self._free.append(thread)
            else:
                _end(thread)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await self._files(request)
        # Once more, for the static files: they have passed no middleware.
        return self._security.process_response(request, response)

    async def _in_thread(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)

    def close(self) -> None:
        """Let go of the threads and their connections."""
        while self._free:
            _end(self._free.pop())


def _end(thread: ThreadPoolExecutor) -> None:
    thread.submit(connections.close_all)
    thread.shutdown(wait=False)
