"""Arrays written by hand are what the driver would have sent, on a real PostgreSQL in every run."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import DataError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from klatch.models import arrays
from tests.engines import postgres


@pytest.fixture(scope="module")
def postgresql() -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres()) as line:
        yield line


# What a text of PostgreSQL can have: everything but NUL, and no half of a surrogate pair.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
columns = st.one_of(
    st.tuples(st.just("bigint"), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    st.tuples(st.just("text"), st.lists(texts)),
    st.tuples(st.just("text"), st.lists(st.none() | texts)),
    st.tuples(st.just("uuid"), st.lists(st.none() | st.uuids())),
    st.tuples(st.just("timestamptz"), st.lists(st.none() | st.datetimes(datetime(1, 1, 2), timezones=st.just(UTC)))),
)


@given(columns)
@example(
    ("text", ["", "NULL", "null", None, '"', "\\", "\\\\n", "{a,b}", " ,\n\t\u2003", "'", "%s", "\U0001f600", '","'])
)
@example(("text", ["\\"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_written_by_hand_is_what_the_driver_would_have_sent(
    postgresql: psycopg.Connection, column: tuple[str, list[Any]]
) -> None:
    kind, values = column
    found = postgresql.execute(f"SELECT %s::{kind}[], %s::{kind}[]", [arrays.array(values), values]).fetchone()
    assert found is not None
    by_hand, by_driver = found
    assert by_hand == by_driver == values


@given(st.lists(st.dictionaries(texts, texts | st.none() | st.integers(), max_size=3)))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_of_json_says_what_its_values_say(
    postgresql: psycopg.Connection, values: list[dict[str, Any]]
) -> None:
    found = postgresql.execute("SELECT to_jsonb(%s::jsonb[])::text", [arrays.array(values)]).fetchone()
    assert found is not None
    assert json.loads(found[0]) == values


def test_a_text_with_a_nul_is_refused_and_parts_no_array() -> None:
    for values in (["a\0b"], ["a", "b\0"], [None, "\0"]):
        with pytest.raises(DataError):
            arrays.array(values)
