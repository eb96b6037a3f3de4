"""The formats of files: each turns one file into chunks of columns, as text or typed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from bodega.data.ingest.sources.contract import Reject, field_names
from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.files.dialect import (
    Dialect,
    Sniffed,
    literal,
    read_sql,
    sniff,
)
from bodega.data.ingest.sources.files.encoding import in_utf8, opened, sniff_encoding
from bodega.data.ingest.sources.files.sheets import read_sheet
from bodega.data.ingest.sources.records import parse, rows_to_table

CHUNK = 100_000
_PACKED = (".gz", ".zst", ".bz2", ".lz4")
KINDS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".ndjson": "ndjson",
    ".jsonl": "ndjson", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel",
    ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file; `rejects` are lines that came before its end and could not be split."""

    rows: pa.Table
    hints: Mapping[str, str] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How files of a stream are read. `records` is the way to the list in a JSON document, `sheet`
    the name or number of a worksheet."""

    format: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    records: tuple[str, ...] = ()
    sheet: str | int = 0


def kind_of_file(name: str, declared: str | None) -> str:
    """Raises SourceRefused for a name that says nothing."""
    if declared is not None:
        return declared
    path = Path(name)
    suffix = (path.with_suffix("") if path.suffix in _PACKED else path).suffix.lower()
    if suffix not in KINDS:
        raise SourceRefused(f"{name}: say its `format` (csv, json, ndjson, parquet or excel)")
    return KINDS[suffix]


def read_file(path: Path, reading: Reading, *, skip: int, scratch: Path) -> Iterator[Chunk]:
    """Rows after the first `skip`, in the order of the file. Raises SourceRefused."""
    readers: dict[str, Callable[[Path, Reading, int, Path], Iterator[Chunk]]] = {
        "csv": _csv,
        "json": _json,
        "ndjson": _ndjson,
        "parquet": _parquet,
        "excel": _excel,
    }
    kind = kind_of_file(path.name, reading.format)
    yield from readers[kind](path, reading, skip, scratch)


def describe(path: Path, reading: Reading, scratch: Path) -> str:
    """What was made out of a file, in one line."""
    kind = kind_of_file(path.name, reading.format)
    if kind != "csv":
        return f"{path.name}: {kind}"
    with _duck() as con:
        _, dialect = _made_out(con, path, reading.dialect, scratch)
    return f"{path.name}: {dialect.describe()}"


def _duck() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:", config={"memory_limit": "512MB", "threads": 2})
    con.execute("set TimeZone = 'UTC'")
    return con


def _made_out(
    con: duckdb.DuckDBPyConnection, path: Path, declared: Dialect, scratch: Path
) -> tuple[Path, Sniffed]:
    encoding = declared.encoding or sniff_encoding(path)
    text = in_utf8(path, encoding, scratch)
    return text, sniff(con, text, encoding, declared)


def _csv(path: Path, reading: Reading, skip: int, scratch: Path) -> Iterator[Chunk]:
    with _duck() as con:
        text, dialect = _made_out(con, path, reading.dialect, scratch)
        names = field_names(dialect.names)
        relation = read_sql(text, dialect, names, reading.dialect.nulls)
        yield from _chunks(con, f"select * from {relation} offset {skip}", path)
        lines = con.execute(
            "select distinct on (line) line, csv_line, error_message, error_type "
            "from reject_errors order by line"
        ).fetchall()
        if lines:
            yield _rejected(names, [(text, f"line: {_said(kind)}") for _, text, _, kind in lines])


def _rejected(names: list[str], lines: list[tuple[str, str]]) -> Chunk:
    empty = pa.table({name: pa.array([], pa.string()) for name in names})
    return Chunk(empty, rejects=tuple(Reject(raw or "", reason) for raw, reason in lines))


def _said(kind: str) -> str:
    return {
        "INVALID ENCODING": "not valid UTF-8",
        "TOO MANY COLUMNS": "too many values",
        "MISSING COLUMNS": "too few values",
        "UNQUOTED VALUE": "a quote that does not end",
        "LINE SIZE OVER MAXIMUM": "longer than 8 MiB",
    }.get(kind, kind.lower())


def _chunks(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> Iterator[Chunk]:
    try:
        reader = con.execute(sql).to_arrow_reader(CHUNK)
        for batch in reader:
            yield Chunk(pa.Table.from_batches([batch]))
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise SourceRefused(f"{path.name} cannot be read: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _ndjson(path: Path, reading: Reading, skip: int, scratch: Path) -> Iterator[Chunk]:
    """A line at a time as text, taken apart by DuckDB; what is no JSON object is set aside."""
    encoding = reading.dialect.encoding or sniff_encoding(path)
    text = in_utf8(path, encoding, scratch)
    lines = Sniffed(
        encoding="utf-8", delimiter="\x01", quote="", escape="", header=False, skip=0, comment="",
        names=["line"],
    )  # fmt: skip
    with _duck() as con:
        relation = read_sql(text, lines, ["line"], ())
        relation = relation.replace("nullstr = [], ", "")
        try:
            reader = con.execute(
                f"select line from {relation} where trim(line) <> '' offset {skip}"
            ).to_arrow_reader(CHUNK)
            with _duck() as parts:
                for batch in reader:
                    yield _objects(parts, pa.Table.from_batches([batch]))
        except duckdb.Error as error:
            raise SourceRefused(f"{path.name} cannot be read: {_first_line(error)}") from error
        broken = con.execute("select csv_line, error_type from reject_errors").fetchall()
        if broken:
            yield _rejected([], [(raw, f"line: {_said(kind)}") for raw, kind in broken])


def _objects(con: duckdb.DuckDBPyConnection, lines: pa.Table) -> Chunk:
    """JSON texts, one object each, as a column a member, all of them text with a hint."""
    con.register("lines", lines)
    con.execute(
        "create or replace temp table objects as select line, "
        "coalesce(try(json_type(line)) = 'OBJECT', false) as good from lines"
    )
    members = [
        str(row[0])
        for row in con.execute(
            "select name, min(nr) from (select unnest(json_keys(line)) as name, "
            "row_number() over () as nr from objects where good) group by name order by 2, 1"
        ).fetchall()
    ]
    names = field_names(members)
    paths = [literal(_pointer(member)) for member in members]
    columns = ", ".join(
        f'json_extract_string(line, {where}) as "{name}"'
        for where, name in zip(paths, names, strict=True)
    )
    rows = (
        con.execute(f"select {columns} from objects where good").to_arrow_table()
        if members
        else pa.table({})
    )
    hints = _hints(con, names, paths)
    broken = con.execute("select line from objects where not good").fetchall()
    con.unregister("lines")
    rejects = tuple(Reject(str(line), "line: not a JSON object") for (line,) in broken)
    return Chunk(rows, hints, rejects)


def _pointer(member: str) -> str:
    """A JSON pointer (RFC 6901), for which no name is odd."""
    return "/" + member.replace("~", "~0").replace("/", "~1")


def _hints(con: duckdb.DuckDBPyConnection, names: list[str], paths: list[str]) -> dict[str, str]:
    if not names:
        return {}
    kinds = ", ".join(
        f"list(distinct json_type(line, {where})) filter "
        f"(json_type(line, {where}) <> 'NULL') as \"{name}\""
        for name, where in zip(names, paths, strict=True)
    )
    row = con.execute(f"select {kinds} from objects where good").fetchone()
    assert row is not None
    return {name: _one_kind(set(found)) for name, found in zip(names, row, strict=True) if found}


def _one_kind(kinds: set[str]) -> str:
    if kinds <= {"BIGINT", "UBIGINT"}:
        return "integer"
    if kinds <= {"BIGINT", "UBIGINT", "DOUBLE", "HUGEINT"}:
        return "number"
    if kinds == {"BOOLEAN"}:
        return "boolean"
    return "json" if kinds <= {"OBJECT", "ARRAY"} else "string"


def _json(path: Path, reading: Reading, skip: int, scratch: Path) -> Iterator[Chunk]:
    """One document: a list of objects, or an object that holds one under `records`."""
    encoding = reading.dialect.encoding or sniff_encoding(path)
    text = in_utf8(path, encoding, scratch)
    with opened(text) as file:
        content = file.read()
    try:
        document = parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SourceRefused(f"{path.name} is not valid UTF-8 at byte {error.start}") from error
    except ValueError as error:
        if not reading.records and b"\n" in content.strip():
            yield from _ndjson(path, reading, skip, scratch)
            return
        raise SourceRefused(f"{path.name} is not JSON: {error}") from error
    rows = list_of_records(document, reading.records, path.name)[skip:]
    for start in range(0, len(rows), CHUNK):
        table, hints, rejects = rows_to_table(rows[start : start + CHUNK])
        yield Chunk(table, hints, rejects)


def list_of_records(document: Any, way: tuple[str, ...], what: str) -> list[Any]:
    """What lies at `way`: a list, or one object. Raises SourceRefused."""
    found = document
    for step in way:
        if not isinstance(found, dict) or step not in found:
            raise SourceRefused(f"{what} has no {'.'.join(way)!r}")
        found = found[step]
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise SourceRefused(f"{what} holds no list of records at {'.'.join(way) or 'its top'!r}")
    return found


def _parquet(path: Path, _reading: Reading, skip: int, _scratch: Path) -> Iterator[Chunk]:
    with _duck() as con:
        relation = f"read_parquet({literal(str(path))})"
        try:
            described = con.execute(f"describe select * from {relation}").fetchall()
        except duckdb.Error as error:
            raise SourceRefused(f"{path.name} is no Parquet: {_first_line(error)}") from error
        spelled = [str(row[0]) for row in described]
        names = field_names(spelled)
        columns = ", ".join(f'"{old}" as "{new}"' for old, new in zip(spelled, names, strict=True))
        yield from _chunks(con, f"select {columns} from {relation} offset {skip}", path)


def _excel(path: Path, reading: Reading, skip: int, _scratch: Path) -> Iterator[Chunk]:
    with _duck() as con:
        table = read_sheet(con, path, reading.dialect, reading.sheet).slice(skip)
    for start in range(0, len(table), CHUNK):
        yield Chunk(table.slice(start, CHUNK))
