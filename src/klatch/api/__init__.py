"""REST under ``/api/v1/``: the requests of the socket for programs that only speak HTTP. Parses, runs one, renders.

No business rule; the OpenAPI document is served at ``openapi.json`` and kept in ``docs/reference/openapi.json``.
"""

import logging
import math
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import Http404
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from klatch import __version__
from klatch.api import links, messages, people, rooms
from klatch.api.auth import log_in
from klatch.api.run import answer
from klatch.errors import ALL, Internal, Invalid, KlatchError, NotFound, Unauthenticated

logger = logging.getLogger("klatch.api")

ERROR = {
    "type": "object",
    "title": "Error",
    "required": ["type", "code", "detail"],
    "properties": {
        "type": {"const": "error", "type": "string"},
        "code": {"type": "string", "enum": sorted(kind.code for kind in ALL)},
        "detail": {"type": "string"},
        "retry_after": {"type": "number"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        "limit": {"type": "integer"},
    },
}


class Api(NinjaAPI):
    """Whose document tells of refusals as well: one body for all of them."""

    def get_openapi_schema(self, **how: Any) -> Any:
        document = super().get_openapi_schema(**how)
        document["components"]["schemas"]["Error"] = ERROR
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        for operations in document["paths"].values():
            for operation in operations.values():
                told = {str(status): reply for status, reply in operation["responses"].items()}
                operation["responses"] = {**told, "default": {"description": "A refusal", "content": content}}
        return document


api = Api(
    title="Klatch",
    version=__version__,
    description="Chat for Django. The same requests travel on the WebSocket: see the protocol reference.",
    auth=[log_in],
    urls_namespace="klatch-api",
    docs_url=None,
)
api.add_router("", rooms.router)
api.add_router("", messages.router)
api.add_router("", people.router)
api.add_router("", links.router)


def _refused(request: HttpRequest, problem: Any) -> HttpResponse:
    response = answer({"type": "error", **problem.as_dict()}, status=problem.status)
    if "retry_after" in problem.extra:
        response["Retry-After"] = str(math.ceil(problem.extra["retry_after"]))
    if problem.status == Unauthenticated.status:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _not_valid(request: HttpRequest, problem: Any) -> HttpResponse:
    fields = {str(error["loc"][-1])[:80]: error["msg"] for error in problem.errors[:8]}
    return _refused(request, Invalid(fields=fields))


def _http(request: HttpRequest, problem: Any) -> HttpResponse:
    # Ninja's own: a body that is no JSON.
    return _refused(request, Invalid("The body must be JSON." if problem.status_code == 400 else str(problem)))


def _missing(request: HttpRequest, problem: Any) -> HttpResponse:
    return _refused(request, NotFound())


def _stranger(request: HttpRequest, problem: Any) -> HttpResponse:
    return _refused(request, Unauthenticated())


def _broken(request: HttpRequest, problem: Any) -> HttpResponse:
    logger.error("A request failed", exc_info=problem)
    return _refused(request, Internal())


api.add_exception_handler(KlatchError, _refused)
api.add_exception_handler(ValidationError, _not_valid)
api.add_exception_handler(HttpError, _http)
api.add_exception_handler(Http404, _missing)
api.add_exception_handler(AuthenticationError, _stranger)
api.add_exception_handler(Exception, _broken)
