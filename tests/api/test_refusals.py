"""How REST refuses: one shape, the codes of the protocol, and no word of what is inside."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from klatch.actions import messages
from klatch.api import api
from tests.api.conftest import Asker
from tests.conftest import make_room, make_user

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/rooms", {}, "name"),
        ("POST", "/rooms", {"name": ""}, "name"),
        ("POST", "/rooms", {"name": "x" * 81}, "name"),
        ("POST", "/rooms", {"name": "\u200b"}, "name"),
        ("POST", "/rooms", {"name": "x", "kind": "direct"}, "kind"),
        ("POST", "/rooms", {"name": 7}, "name"),
        ("POST", "/rooms/{room}/messages", {"body": "x", "client_id": "no uuid"}, "client_id"),
        ("POST", "/rooms/{room}/messages", {"body": " "}, "body"),
        ("GET", "/rooms/{room}/messages?limit=101", None, "limit"),
        ("GET", "/rooms/{room}/messages?before=x", None, "before"),
        ("GET", "/rooms/abc/messages", None, "room"),
        ("GET", "/rooms/-1/messages", None, "room"),
        ("GET", "/rooms/9223372036854775808/messages", None, "room"),
        ("GET", "/search", None, "q"),
        ("GET", f"/search?q={'x' * 201}", None, "q"),
        ("GET", "/search?q=%00", None, "q"),
        ("GET", "/rooms?after=x", None, "after"),
        ("POST", "/directs", {"users": []}, "users"),
        ("POST", "/directs", {"users": list(range(1, 200))}, "users"),
        ("POST", "/messages/1/reactions", {"emoji": "x" * 33}, "emoji"),
        ("POST", "/invites", {"room": "{room}", "max_uses": -1}, "max_uses"),
        ("POST", "/invites", {"room": "{room}", "max_uses": 10_001}, "max_uses"),
        ("POST", "/tokens", {"name": "x", "scope": "admin"}, "scope"),
    ],
)
def test_a_wrong_field_is_named(method: str, path: str, body: Any, field: str) -> None:
    rosa = make_user()
    room = make_room(rosa)
    if body is not None:
        body = {key: room.pk if value == "{room}" else value for key, value in body.items()}
    status, answer = Asker(rosa).ask(method, path.replace("{room}", str(room.pk)), body)
    assert (status, answer["type"], answer["code"]) == (422, "error", "invalid")
    assert list(answer["fields"]) == [field]
    assert isinstance(answer["fields"][field], str)


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"null", b"\xff", b'"x"', b"[" * 5000])
def test_a_body_that_is_no_json_object_is_refused_in_the_same_shape(body: bytes) -> None:
    asker = Asker(make_user())
    answer = asker.http.generic(
        "POST", "/talk/api/v1/rooms", body, content_type="application/json", headers=asker.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_too_long_a_message_is_too_large_and_says_the_limit() -> None:
    rosa = make_user()
    room = make_room(rosa)
    status, answer = Asker(rosa).ask("POST", f"/rooms/{room.pk}/messages", {"body": "x" * 10_001})
    assert (status, answer["code"], answer["limit"]) == (413, "too_large", 10_000)


def test_an_address_that_does_not_exist_is_refused_and_a_wrong_method_too() -> None:
    asker = Asker(make_user())
    assert asker.raw("GET", "/nowhere").status_code == 404
    assert asker.raw("PUT", "/rooms").status_code == 405


@pytest.mark.parametrize("path", ["/invites/{}", "/tokens/{}"])
@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 2**63, 10**30])
def test_a_number_that_names_nothing_is_refused_however_large(path: str, number: int) -> None:
    status, answer = Asker(make_user()).ask("DELETE", path.format(number))
    assert (status, answer["code"]) in ((404, "not_found"), (422, "invalid"))


@pytest.mark.parametrize("body", [{"room": 2**63}, {"room": -1}, {"room": 1, "max_uses": 2**70}, {"room": "x"}])
def test_a_link_into_a_room_that_cannot_be_is_refused(body: dict[str, Any]) -> None:
    status, answer = Asker(make_user()).ask("POST", "/invites", body)
    assert (status, answer["code"]) in ((404, "not_found"), (422, "invalid"))


def test_who_posts_too_fast_is_told_when_to_come_back(settings: Any) -> None:
    settings.KLATCH = {"POSTS_PER_SECOND": 0.7, "POSTS_BURST": 2}
    rosa = make_user()
    room, asker = make_room(rosa), Asker(rosa)
    url = f"/rooms/{room.pk}/messages"
    assert [asker.ask("POST", url, {"body": "x"})[0] for _ in range(2)] == [200, 200]
    answer = asker.raw("POST", url, {"body": "x"})
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    wait = answer.json()["retry_after"]
    assert 0 < wait < 1.5
    assert int(answer["Retry-After"]) >= wait, "who waits as long as the header says must not be too early"
    # Others are not held up, and reading goes on.
    assert asker.ask("GET", url)[0] == 200


@pytest.mark.parametrize("path", ["/me", "/tokens", "/people", "/rooms"])
def test_reading_too_fast_is_refused_everywhere(settings: Any, path: str) -> None:
    settings.KLATCH = {"REQUESTS_PER_SECOND": 0.1, "REQUESTS_BURST": 2}
    asker = Asker(make_user())
    assert [asker.ask("GET", path)[0] for _ in range(3)] == [200, 200, 429]


def test_making_secrets_too_fast_is_refused(settings: Any) -> None:
    settings.KLATCH = {"REQUESTS_PER_SECOND": 0.1, "REQUESTS_BURST": 2}
    rosa = make_user()
    room, asker = make_room(rosa), Asker(rosa)
    statuses = [asker.ask("POST", "/invites", {"room": room.pk})[0] for _ in range(2)]
    statuses.append(asker.ask("POST", "/tokens", {"name": "x"})[0])
    assert statuses == [200, 200, 429]


def test_a_fault_of_ours_is_logged_with_its_trace_and_told_without_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("the secret inside")

    rosa = make_user()
    room = make_room(rosa)
    monkeypatch.setattr(messages, "post_many", broken)
    with caplog.at_level(logging.ERROR, "klatch.api"):
        answer = Asker(rosa).raw("POST", f"/rooms/{room.pk}/messages", {"body": "x"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert b"secret inside" not in answer.content
    assert "the secret inside" in caplog.text


def test_answers_are_json_and_are_kept_by_nobody() -> None:
    answer = Asker(make_user()).raw("GET", "/me")
    assert answer["Content-Type"] == "application/json"


def test_the_openapi_document_is_served_and_the_committed_copy_is_not_stale() -> None:
    served = Asker(make_user()).raw("GET", "/openapi.json")
    assert served.status_code == 200
    made = subprocess.run([sys.executable, "scripts/openapi"], cwd=ROOT, capture_output=True, check=True).stdout
    assert made == (ROOT / "docs/reference/openapi.json").read_bytes(), (
        "stale: run  .venv/bin/python scripts/openapi > docs/reference/openapi.json"
    )
    assert set(json.loads(made)["paths"]) == set(api.get_openapi_schema(path_prefix="/api/v1/")["paths"])
