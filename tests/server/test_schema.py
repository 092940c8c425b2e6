"""Whatever the OpenAPI document allows, and whatever it does not: no fault of ours, and answers as it says.

A few inputs an operation, the same each time; KLATCH_EXAMPLES asks for more and for other ones (`make fuzz`).
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode

from klatch.errors import ALL
from tests.server.browsing import Browser
from tests.server.process import Server

EXAMPLES = int(os.environ.get("KLATCH_EXAMPLES", "6"))
DOCUMENT = json.loads((Path(__file__).parent.parent.parent / "docs" / "reference" / "openapi.json").read_bytes())
OPERATIONS = {each.ok().label: each.ok() for each in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()}
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
STATUSES = {kind.code: kind.status for kind in ALL}


class Place:
    """Rosa with her session, and with a token; what she has made, so that some numbers mean something."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.rosa: Browser = server.set_up()
        self.csrf = self.rosa.get("/account/").value(r'name="csrfmiddlewaretoken" value="([^"]+)"')
        self.ids: dict[str, list[int]] = {"user": [1]}
        made = self.ask("POST", "/tokens", {"name": "schema"})
        self.token, self.mine = made["secret"], made["id"]
        room = self.ask("POST", "/rooms", {"name": "schema"})["room"]["id"]
        self.ids["room"] = [room]
        self.ids["message"] = [
            self.ask("POST", f"/rooms/{room}/messages", {"body": f"number {number}"})["id"] for number in range(3)
        ]

    def headers(self, way: str) -> dict[str, str]:
        if way == "token":
            return {"Authorization": f"Bearer {self.token}"}
        return {"Cookie": self.rosa.cookie, "X-CSRFToken": self.csrf, "Referer": self.server.url}

    def ask(self, method: str, path: str, body: Any) -> Any:
        case = OPERATIONS["GET /api/v1/me"].Case(
            method=method, path_parameters={}, body=body, media_type="application/json"
        )
        case.path = f"/api/v1{path}"
        answer = case.call(base_url=self.server.url, headers=self.headers("session"))
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def place(server: Server) -> Place:
    return Place(server)


def cases(operation: Any) -> Any:
    """Half of them as the document says, the others not; where there is nothing to get wrong, all are right."""
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.path_parameters or operation.query or operation.body):
        return good
    return good | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


@pytest.mark.parametrize("label", OPERATIONS)
def test_an_operation_answers_as_the_document_says(label: str, place: Place) -> None:
    operation = OPERATIONS[label]
    asked = 0

    @settings(
        max_examples=EXAMPLES,
        derandomize="KLATCH_EXAMPLES" not in os.environ,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(operation), st.sampled_from(["token", "session"]), st.integers(0, 5))
    def ask(case: Any, way: str, choice: int) -> None:
        nonlocal asked
        for name, known in place.ids.items():
            if choice % 2 and name in (case.path_parameters or {}):
                case.path_parameters[name] = known[choice % len(known)]
        # The token in use must not be revoked.
        assume(str((case.path_parameters or {}).get("token")) != str(place.mine))
        answer = case.call(base_url=place.server.url, headers=place.headers(way))
        asked += 1
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            told = answer.json()
            assert told["type"] == "error"
            assert STATUSES[told["code"]] == answer.status_code != 401

    ask()
    assert asked >= 1


def test_nothing_of_it_left_a_trace_in_the_log(place: Place) -> None:
    assert not [line for line in place.server.lines if "Traceback" in line or "Error" in line]
