"""Rows that were there before the stream began, as the stream would have written them."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from psycopg import IsolationLevel, sql

from bodega.backbone.changes.connection import Connection, sql_connection
from bodega.backbone.changes.pgoutput import Value, Values
from bodega.backbone.changes.publication import PublishedTable
from bodega.backbone.changes.slot import ExportedSnapshot

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NULL = r"\N"


@contextmanager
def inside(dsn: str, snapshot: ExportedSnapshot) -> Iterator[Connection]:
    """A read-only transaction that sees `snapshot`."""
    with sql_connection(dsn) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            choose = sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot.name))
            connection.execute(choose)
            yield connection


def read_rows(connection: Connection, table: PublishedTable) -> Generator[Values]:
    """Published columns of every row, as text, in the relation's order; memory stays small."""
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        sql.Identifier(table.relation.schema, table.relation.name),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:
            yield parse_line(str(line, "utf-8"))


def parse_line(line: str) -> Values:
    """One line of COPY's text format."""
    cells = line.rstrip("\n").split("\t")
    if "\\" not in line:
        return list(cells)
    return [_unescaped(cell) for cell in cells]


def _unescaped(cell: str) -> Value:
    if cell == _NULL:
        return None
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), cell)
