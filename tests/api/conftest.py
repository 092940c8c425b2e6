"""Asking over REST as a program with a token and as a page with a session."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import make_token


class Asker:
    """``ask`` returns status and body; the URL begins below ``/api/v1``.

    ``way``: a ``token``, one for ``reading``, a ``session``, or one with ``no csrf`` token.
    """

    def __init__(self, user: User | None, *, way: str = "token") -> None:
        self.http = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if user is not None and way in ("token", "reading"):
            scope = "read" if way == "reading" else "write"
            self.headers["Authorization"] = f"Bearer {make_token(user, scope)}"
        elif user is not None:
            self.http.force_login(user)
            if way == "session":
                self.http.cookies["csrftoken"] = "a" * 32
                self.headers["X-CSRFToken"] = "a" * 32

    def raw(self, method: str, path: str, body: Any = None) -> Any:
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.http.generic(method, f"/talk/api/v1{path}", headers=self.headers, **content)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.raw(method, path, body)
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture(autouse=True)
def _database(db: None) -> None: ...
