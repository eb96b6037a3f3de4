"""Text to JSON: the rules, and a real server's output for every type we name."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.backbone.changes.connection import sql_connection
from bodega.backbone.changes.types import json_text
from bodega.backbone.embedded.postgres import EmbeddedPostgres

UUID = "0190f3b2-7c1e-7000-8000-000000000001"

CASES: list[tuple[str, Any]] = [
    ("true", True),
    ("false", False),
    ("42::smallint", 42),
    ("-42::int", -42),
    ("9223372036854775807::bigint", 9223372036854775807),
    ("1.5::real", 1.5),
    ("0.1::float8", 0.1),
    ("'NaN'::float8", "NaN"),
    ("'-Infinity'::float8", "-Infinity"),
    ("12345678901234567890.10::numeric", "12345678901234567890.10"),
    ("'a \"b\" \\ c\n\u00fc'::text", 'a "b" \\ c\nü'),
    ("'GB'::char(2)", "GB"),
    (f"'{UUID}'::uuid", UUID),
    ("'{\"a\": [1, null]}'::jsonb", {"a": [1, None]}),
    ("'[1,  2]'::json", [1, 2]),
    ("'2026-11-21'::date", "2026-11-21"),
    ("'12:30:00.5'::time", "12:30:00.5"),
    ("'2026-11-21 12:30:00.123456+02'::timestamptz", "2026-11-21T10:30:00.123456Z"),
    ("'2026-11-21 12:30:00'::timestamp", "2026-11-21T12:30:00"),
    ("'infinity'::timestamptz", "infinity"),
    ("'1 day 2 hours'::interval", "P1DT2H"),
    ("'\\xdeadbeef'::bytea", "3q2+7w=="),
    ("'{1,NULL,3}'::int[]", [1, None, 3]),
    ("'{}'::int[]", []),
    ("'{{1,2},{3,4}}'::bigint[]", [[1, 2], [3, 4]]),
    ("'[0:1]={7,8}'::int[]", [7, 8]),
    ("""array['a,b', 'c"d', 'e\\f', '', 'NULL', null]""", ["a,b", 'c"d', "e\\f", "", "NULL", None]),
    ("array[true, false]", [True, False]),
    (f"array['{UUID}'::uuid]", [UUID]),
    ("array[1.10::numeric]", ["1.10"]),
    ("array['{\"a\": 1}'::jsonb]", [{"a": 1}]),
    ("array['2026-11-21 10:30+00'::timestamptz]", ["2026-11-21T10:30:00Z"]),
    ("'10.0.0.1'::inet", "10.0.0.1"),
]


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_servers_text_becomes_the_value(
    typed: psycopg.Connection[tuple[Any, ...]], expression: str, expected: object
) -> None:
    result = typed.execute(f"SELECT {expression}".encode()).pgresult
    assert result is not None
    text = (result.get_value(0, 0) or b"").decode()
    assert json.loads(json_text(result.ftype(0))(text)) == expected


@pytest.fixture(scope="module")
def typed(server: EmbeddedPostgres) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with sql_connection(server.url) as connection:
        yield connection


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_any_text_is_valid_json(text: str) -> None:
    assert json.loads(json_text(25)(text)) == text
