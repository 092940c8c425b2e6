"""Values as the text of PostgreSQL arrays. psycopg takes them one by one, in Python, which is ten times as long."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Any
from uuid import UUID

from django.db import DataError


def columns(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows turned into columns, which is how PostgreSQL takes any number of them in one statement."""
    return [array(column) for column in zip(*rows, strict=True)]


def array(values: Collection[Any]) -> str:
    """Values of one kind, any of them None. Raises ``DataError`` for a NUL in a text, which PostgreSQL cannot have."""
    kinds = set(map(type, values))
    if kinds <= {int, NoneType}:
        # What Python writes in a list is what PostgreSQL reads.
        return "{" + str(list(values))[1:-1].replace("None", "NULL") + "}"
    if all(issubclass(kind, str) for kind in kinds):
        return "{" + _quoted(values) + "}"
    return "{" + ",".join([_IN_ARRAY[type(value)](value) for value in values]) + "}"


def _quoted(values: Collection[str]) -> str:
    # Escaped as one text, then parted at what no text in PostgreSQL can have.
    text = "\0".join(values)
    if text.count("\0") >= len(values):
        raise DataError("A text cannot have a NUL in PostgreSQL.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"'


@lru_cache(maxsize=4)
def _moment_in_array(value: datetime) -> str:
    return value.isoformat()


_IN_ARRAY: dict[type, Callable[[Any], str]] = {
    NoneType: lambda value: "NULL",
    int: str,
    str: lambda value: _quoted([value]),
    UUID: lambda value: value.hex,
    datetime: _moment_in_array,
    dict: lambda value: _quoted([json.dumps(value)]) if value else '"{}"',
}
