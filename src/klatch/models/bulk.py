"""Many rows in one statement, for the few tables that every post writes.

The ORM's own bulk methods spend four times as long in preparing values as the database in storing them. Table and
column names come from the models; values are adapted as the database's driver wants them.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models

Row = Sequence[Any]


def insert(model: type[models.Model], fields: tuple[str, ...], rows: Sequence[Row]) -> list[int]:
    """Insert rows of these fields; returns their new ids, in the order of the rows."""
    ids: list[int] = []
    at_once = _at_once(len(fields))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            part = rows[start : start + at_once]
            cursor.execute(_insert_sql(model, fields, len(part), connection.vendor), _flat(part))
            ids += [row[0] for row in cursor.fetchall()]
    return ids


def update(model: type[models.Model], fields: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Set these fields of rows; each row is the new values, then the id."""
    given = list(rows)
    if not given:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(_update_sql(model, fields), [_flat([row]) for row in given])
            return
        # Never psycopg's executemany: it pipelines, and PostgreSQL forgets idle_in_transaction_session_timeout for a
        # client that falls silent after a pipeline (writer.py needs it).
        at_once = _at_once(len(fields) + 1)
        for start in range(0, len(given), at_once):
            part = given[start : start + at_once]
            if len(part) > 1:
                # One order for every process, or two would wait for each other: a single UPDATE locks as it likes.
                keys = [row[-1] for row in part]
                cursor.execute(
                    f'SELECT 1 FROM "{model._meta.db_table}" WHERE "id" = ANY(%s) ORDER BY "id" FOR NO KEY UPDATE',  # noqa: S608 - as below
                    [keys],
                )
            cursor.execute(_update_many_sql(model, fields, len(part)), _flat(part))


@lru_cache(maxsize=64)
def _insert_sql(model: type[models.Model], fields: tuple[str, ...], count: int, vendor: str) -> str:
    columns = ", ".join(f'"{column}"' for column in _columns(model, fields))
    marks = f"({', '.join(['%s'] * len(fields))})"
    # Names of our own models; every value is a parameter.
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {", ".join([marks] * count)} RETURNING "id"'  # noqa: S608


@lru_cache(maxsize=64)
def _update_sql(model: type[models.Model], fields: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{column}" = %s' for column in _columns(model, fields))
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE "id" = %s'  # noqa: S608 - as above


@lru_cache(maxsize=64)
def _update_many_sql(model: type[models.Model], fields: tuple[str, ...], count: int) -> str:
    table, columns = model._meta.db_table, _columns(model, fields)
    # The first row says of what types the others are.
    kinds = [model._meta.get_field(name).db_type(connection) for name in fields]
    first = f"({', '.join(f'%s::{kind}' for kind in [*kinds, 'bigint'])})"
    marks = f"({', '.join(['%s'] * (len(fields) + 1))})"
    values = ", ".join([first] + [marks] * (count - 1))
    changes = ", ".join(f'"{column}" = given."{column}"' for column in columns)
    names = ", ".join(f'"{column}"' for column in [*columns, "id"])
    return f'UPDATE "{table}" SET {changes} FROM (VALUES {values}) AS given({names}) WHERE "{table}"."id" = given."id"'  # noqa: S608 - as above


def _columns(model: type[models.Model], fields: tuple[str, ...]) -> list[str]:
    found = [model._meta.get_field(name) for name in fields]
    return [field.column for field in found if isinstance(field, models.Field) and field.column]


def _at_once(width: int) -> int:
    limit = connection.features.max_query_params or 32_000
    return max(1, min(500, limit // width))


def _flat(rows: Iterable[Row]) -> list[Any]:
    if connection.vendor == "sqlite":
        return [_for_sqlite(value) for row in rows for value in row]
    return [json.dumps(value) if type(value) is dict else value for row in rows for value in row]


def _for_sqlite(value: Any) -> Any:
    kind = type(value)
    if kind is datetime:
        return connection.ops.adapt_datetimefield_value(value)
    if kind is UUID:
        return value.hex
    if kind is dict:
        return json.dumps(value)
    return value
