"""Many rows in one statement, for the few tables that every post and every connect reads or writes.

The ORM takes several times as long to write a statement, and to adapt its values, as the database to run it. Table and
column names come from the models; values are adapted as the database's driver wants them. Statements have few texts, so
that the driver keeps them prepared.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.base import ModelState
from django.db.models.expressions import Col

from klatch.models import arrays

Row = Sequence[Any]
Conversion = tuple[int, Callable[[Any], Any]]


def select[M: models.Model](model: type[M], condition: str, values: Sequence[Any]) -> list[M]:
    """Whole rows of one model. ``condition`` is all that follows FROM, in SQL; its table is called by its own name."""
    names, columns, conversions = _shape(model, connection.vendor)
    with kept_cursor() as cursor:
        cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}" {condition}', values)  # noqa: S608 - as below
        rows = cursor.fetchall()
    found = []
    for row in rows:
        given = list(row)
        for index, convert in conversions:
            given[index] = convert(given[index])
        found.append(model.from_db(connection.alias, names, given))
    return found


def kept_cursor() -> Any:
    """A cursor for statements of few texts, every value a parameter: PostgreSQL keeps their plans.

    Django's own puts values into the text, which is then read and planned each time. Whether a plan is kept is up to
    ``prepare_threshold`` in the database's OPTIONS: some poolers give every transaction another connection.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:  # a log shows the values, too
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    made: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]
    return connection.make_cursor(made)


@lru_cache(maxsize=64)
def _shape(model: type[models.Model], vendor: str) -> tuple[list[str], str, list[Conversion]]:
    """A model's attributes, its columns, and what is to be done to values of some of them."""
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{model._meta.db_table}"."{field.column}"' for field in fields)
    conversions: list[Conversion] = []
    for index, field in enumerate(fields):
        column = Col(model._meta.db_table, field)
        for convert in connection.ops.get_db_converters(column) + column.get_db_converters(connection):
            conversions.append((index, partial(_convert, convert, column)))
    return [field.attname for field in fields], columns, conversions


def _convert(convert: Callable[..., Any], column: Col, value: Any) -> Any:
    return convert(value, column, connection)


def made[M: models.Model](model: type[M], values: dict[str, Any], **related: models.Model | None) -> M:
    """A row that is about to be inserted, as if it had been read: of all its attributes, and the rows it refers to.

    The constructor takes ten times as long, with its signals, which nobody is sent here.
    """
    row = model.__new__(model)
    row.__dict__.update(values)
    row._state = state = ModelState()
    state.adding, state.db, state.fields_cache = False, connection.alias, related
    return row


def asked(**columns: Sequence[Any]) -> tuple[str, list[Any]]:
    """A table of these columns, equally long, as ``WITH asked(…)`` and its parameters. One text for any length."""
    names = ", ".join(columns)
    if connection.vendor == "sqlite":
        values = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(columns)))
        rows = [
            [value.hex if type(value) is UUID else value for value in row]
            for row in zip(*columns.values(), strict=True)
        ]
        return f"WITH asked({names}) AS (SELECT {values} FROM json_each(%s)) ", [json.dumps(rows)]  # noqa: S608
    marks = ", ".join(
        "%s::uuid[]" if given and type(given[0]) is UUID else "%s::bigint[]" for given in columns.values()
    )
    return f"WITH asked({names}) AS (SELECT * FROM unnest({marks})) ", list(map(arrays.array, columns.values()))  # noqa: S608


class Writes:
    """Rows for several tables: on SQLite written at once, on PostgreSQL together by ``send``.

    There they are one statement and one answer to wait for, in no order: what refers to another row of theirs must
    know its id. Never psycopg's pipeline: PostgreSQL forgets ``idle_in_transaction_session_timeout`` for a client that
    falls silent after one (``writer`` needs it).
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[str, list[Any]]] = []

    def insert(self, model: type[models.Model], fields: tuple[str, ...], rows: Sequence[Row]) -> None:
        if connection.vendor == "sqlite":
            self._at_once(_insert_sql(model, fields), _for_sqlite(model, fields, rows))
        elif rows:
            self.add(_insert_many_sql(model, fields), arrays.columns(rows))

    def update(self, model: type[models.Model], fields: tuple[str, ...], rows: Sequence[Row]) -> None:
        """Each row is the new values, then the id. Who changes several has locked them, in the order of their ids."""
        if connection.vendor == "sqlite":
            self._at_once(_update_sql(model, fields), _for_sqlite(model, fields, rows))
        elif rows:
            self.add(_update_many_sql(model, fields), arrays.columns(rows))

    def add(self, statement: str, values: list[Any]) -> None:
        """Any other statement for PostgreSQL."""
        self._waiting.append((statement, values))

    def send(self) -> None:
        if self._waiting:
            *others, last = [statement for statement, _ in self._waiting]
            named = ", ".join(f"w{number} AS ({statement})" for number, statement in enumerate(others))
            values = [value for _, given in self._waiting for value in given]
            with kept_cursor() as cursor:
                cursor.execute(f"WITH {named} {last}" if named else last, values)
            self._waiting.clear()

    def _at_once(self, statement: str, rows: Iterable[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(statement, list(rows))


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """Ids for new rows, ascending. On SQLite they are only read: for whoever inserts in this transaction."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = cursor.fetchone()
            first = (last[0] if last else 0) + 1
            return list(range(first, first + count))
        cursor.execute(f"SELECT {next_id(model)} FROM generate_series(1, %s)", [count])  # noqa: S608 - as below
        return [key for (key,) in cursor.fetchall()]


def next_id(model: type[models.Model]) -> str:
    """PostgreSQL's expression for the next id of this table."""
    # The name is looked up once a statement.
    return f"nextval((SELECT pg_get_serial_sequence('\"{model._meta.db_table}\"', 'id')::regclass))"


@lru_cache(maxsize=64)
def _insert_sql(model: type[models.Model], fields: tuple[str, ...]) -> str:
    columns = _columns(model, fields)
    names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join(["%s"] * len(columns))
    # Names of our own models; every value is a parameter.
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks})'  # noqa: S608


@lru_cache(maxsize=64)
def _insert_many_sql(model: type[models.Model], fields: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in _columns(model, fields))
    values = f"SELECT * FROM unnest({_array_types(model, fields)})"  # noqa: S608 - as above
    return f'INSERT INTO "{model._meta.db_table}" ({names}) {values}'


@lru_cache(maxsize=64)
def _update_sql(model: type[models.Model], fields: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{column}" = %s' for column in _columns(model, fields))
    return f'UPDATE "{model._meta.db_table}" SET {changes} WHERE "id" = %s'  # noqa: S608 - as above


@lru_cache(maxsize=64)
def _update_many_sql(model: type[models.Model], fields: tuple[str, ...]) -> str:
    table, columns = model._meta.db_table, _columns(model, fields)
    changes = ", ".join(f'"{column}" = given."{column}"' for column in columns)
    names = ", ".join(f'"{column}"' for column in [*columns, "id"])
    values = f"unnest({_array_types(model, (*fields, 'id'))}) AS given({names})"
    return f'UPDATE "{table}" SET {changes} FROM {values} WHERE "{table}"."id" = given."id"'  # noqa: S608 - as above


def _array_types(model: type[models.Model], fields: tuple[str, ...]) -> str:
    kinds = [str(model._meta.get_field(name).db_type(connection)) for name in fields]
    # A cast to a bounded type would cut off what does not fit, where the column refuses it.
    return ", ".join(f"%s::{'text' if kind.startswith('varchar') else kind}[]" for kind in kinds)


def _columns(model: type[models.Model], fields: tuple[str, ...]) -> list[str]:
    found = [model._meta.get_field(name) for name in fields]
    return [field.column for field in found if isinstance(field, models.Field) and field.column]


def _for_sqlite(model: type[models.Model], fields: tuple[str, ...], rows: Iterable[Row]) -> Iterable[Row]:
    """Rows of these fields, and what follows them, as SQLite stores them."""
    conversions = _sqlite_conversions(model, fields)
    for row in rows:
        given = list(row)
        for index, adapt in conversions:
            if given[index] is not None:
                given[index] = adapt(given[index])
        yield given


@lru_cache(maxsize=64)
def _sqlite_conversions(model: type[models.Model], fields: tuple[str, ...]) -> list[Conversion]:
    kinds = [model._meta.get_field(name).get_internal_type() for name in fields]
    return [(index, _SQLITE[kind]) for index, kind in enumerate(kinds) if kind in _SQLITE]


@lru_cache(maxsize=4)
def _moment(value: datetime) -> Any:
    # A batch has one time for all its rows.
    return connection.ops.adapt_datetimefield_value(value)


_SQLITE: dict[str, Callable[[Any], Any]] = {
    "DateTimeField": _moment,
    "UUIDField": attrgetter("hex"),
    "JSONField": lambda value: json.dumps(value) if value else "{}",
}
