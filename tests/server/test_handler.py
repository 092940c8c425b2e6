"""How requests share threads: as many as there are at a time; nothing of one request is there for the next."""

import asyncio
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils import translation

from klatch.server import handler
from klatch.server.handler import Handler
from tests.server.process import Server

TOGETHER = 20  # more than are kept

meeting = threading.Barrier(TOGETHER)


def here(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{threading.get_ident()} {translation.get_language()}")


def change_language(request: HttpRequest) -> HttpResponse:
    translation.activate("ja")
    return here(request)


def meet(request: HttpRequest) -> HttpResponse:
    meeting.wait(10)
    return here(request)


async def from_the_loop(request: HttpRequest) -> HttpResponse:
    return here(request)


class Missing(Exception):
    pass


def fail(request: HttpRequest) -> HttpResponse:
    raise Missing


addresses = types.ModuleType("addresses")
addresses.urlpatterns = [  # type: ignore[attr-defined]
    path("here/", here),
    path("ja/", change_language),
    path("meet/", meet),
    path("loop/", from_the_loop),
    path("fail/", fail),
]


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Handler]:
    middleware = ["django.middleware.common.CommonMiddleware"]
    with override_settings(ROOT_URLCONF=addresses, MIDDLEWARE=middleware, STATIC_ROOT=tmp_path):
        made = Handler()
        yield made
        made.close()


async def ask(http: Handler, address: str) -> tuple[int, str]:
    answer: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        answer.append(message)

    scope = {"type": "http", "method": "GET", "path": address, "query_string": b"", "headers": []}
    await http(scope, receive, send)
    return answer[0]["status"], answer[1]["body"].decode()


async def test_one_after_the_other_they_use_one_thread_and_never_that_of_the_loop(http: Handler) -> None:
    said = [await ask(http, "/here/") for _ in range(5)]
    assert len(set(said)) == 1
    assert said[0][1].split()[0] != str(threading.get_ident())


async def test_nobody_waits_for_another_and_only_so_many_threads_are_kept(http: Handler) -> None:
    said = await asyncio.gather(*(ask(http, "/meet/") for _ in range(TOGETHER)))
    assert len(set(said)) == TOGETHER
    assert len(http._free) == handler.KEPT


async def test_what_one_request_leaves_behind_is_not_there_for_the_next_on_its_thread(http: Handler) -> None:
    # Each in a task of its own, as a server has it.
    first, second = [await asyncio.create_task(ask(http, address)) for address in ("/ja/", "/here/")]
    assert first[1].split()[1] == "ja"
    assert second[1] == first[1].replace("ja", str(translation.get_language()))


async def test_a_view_of_the_loop_runs_there(http: Handler) -> None:
    assert (await ask(http, "/loop/"))[1].split()[0] == str(threading.get_ident())


async def test_a_thread_outlives_a_view_that_fails(http: Handler) -> None:
    assert (await ask(http, "/fail/"))[0] == 500
    assert (await ask(http, "/here/"))[0] == 200
    assert len(http._free) == 1


def test_a_static_file_carries_what_every_page_does(server: Server) -> None:
    browser = server.browser()
    address = browser.get("/accounts/login/").value(r'href="(/static/klatch/css/base[^"]+)"')
    headers = browser.get(address).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "immutable" in headers["Cache-Control"]
