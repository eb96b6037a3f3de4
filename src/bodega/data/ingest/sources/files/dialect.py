"""How a CSV is written: sniffed by DuckDB, overridden by what is declared."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.files.encoding import opened

LONGEST_LINE = 8 * 1024 * 1024
_ORDINARY_LINE, _HEAD_LINES = 64 * 1024, 2_000


class Dialect(BaseModel):
    """What is declared; None is sniffed. `columns` names the fields of a file without a header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=4)
    quote: str | None = Field(None, max_length=1)
    escape: str | None = Field(None, max_length=1)
    header: bool | None = None
    skip: int | None = Field(None, ge=0)
    comment: str | None = Field(None, max_length=1)
    nulls: tuple[str, ...] = ("",)
    columns: tuple[str, ...] = ()


class Sniffed(BaseModel):
    """A dialect with nothing left open. `names` are the fields as the file spells them."""

    encoding: str
    delimiter: str
    quote: str
    escape: str
    header: bool
    skip: int
    comment: str
    names: list[str]

    def describe(self) -> str:
        """For people."""
        sign = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
        parts = [
            self.encoding,
            f"{sign.get(self.delimiter, self.delimiter)}-separated",
            f"quoted by {self.quote}" if self.quote else "unquoted",
            f"{len(self.names)} columns {'named by the first line' if self.header else 'unnamed'}",
        ]
        if self.skip:
            parts.append(f"{self.skip} lines skipped")
        return ", ".join(parts)


def sniff(con: duckdb.DuckDBPyConnection, path: Path, encoding: str, declared: Dialect) -> Sniffed:
    """Raises SourceRefused for a file that cannot be made out."""
    options = ["ignore_errors = true", "all_varchar = true", "null_padding = false"]
    options.append(f"max_line_size = {LONGEST_LINE}")
    for name, value in (
        ("delim", declared.delimiter),
        ("quote", declared.quote),
        ("escape", declared.escape),
        ("comment", declared.comment),
    ):
        if value is not None:
            options.append(f"{name} = {literal(value)}")
    if declared.header is not None:
        options.append(f"header = {str(declared.header).lower()}")
    if declared.skip is not None:
        options.append(f"skip = {declared.skip}")
    try:
        row = _sniffed(con, path, options)
    except duckdb.Error as error:
        found = _without_long_lines(con, path, options)
        if found is None:
            said = str(error).strip().splitlines()[0]  # the lines below it quote the file
            raise SourceRefused(f"{path.name} is no CSV that can be made out: {said}") from error
        row = found
    delimiter, quote, escape, header, skip, comment, names = row
    if declared.columns:
        if len(declared.columns) != len(names):
            raise SourceRefused(
                f"{path.name} has {len(names)} columns, {len(declared.columns)} are declared"
            )
        names = list(declared.columns)
    return Sniffed(
        encoding=encoding,
        delimiter=_sign(delimiter),
        quote=_sign(quote) or ('"' if declared.quote is None else ""),
        escape=_sign(escape),
        header=bool(header),
        skip=int(skip),
        comment=_sign(comment),
        names=list(names),
    )


def _sniffed(con: duckdb.DuckDBPyConnection, path: Path, options: Sequence[str]) -> tuple[Any, ...]:
    row = con.execute(
        "select delimiter, quote, escape, hasheader, skiprows, comment, "
        f"[c.name for c in columns] from sniff_csv({literal(str(path))}, {', '.join(options)})"
    ).fetchone()
    assert row is not None
    return row


def _without_long_lines(
    con: duckdb.DuckDBPyConnection, path: Path, options: Sequence[str]
) -> tuple[Any, ...] | None:
    """What the first lines of ordinary length say; None where they say nothing either."""
    with tempfile.TemporaryDirectory(prefix="bodega-sniff-") as folder, opened(path) as file:
        head = Path(folder) / "head.csv"
        with head.open("wb") as copy:
            for line in _ordinary(file):
                copy.write(line)
        try:
            return _sniffed(con, head, options) if head.stat().st_size else None
        except duckdb.Error:
            return None


def _ordinary(file: IO[bytes]) -> Iterator[bytes]:
    begun = False
    for _ in range(_HEAD_LINES):
        line = file.readline(_ORDINARY_LINE)
        if not begun and line.endswith(b"\n"):
            yield line
        begun = bool(line) and not line.endswith(b"\n")


def read_sql(path: Path, dialect: Sniffed, names: list[str], nulls: tuple[str, ...]) -> str:
    """Every line as text under `names`; lines that cannot be split go to `reject_errors`."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    listed = ", ".join(literal(null) for null in nulls)
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, delim = {literal(dialect.delimiter)},"
        f" quote = {literal(dialect.quote)}, escape = {literal(dialect.escape)},"
        f" header = {str(dialect.header).lower()}, skip = {dialect.skip},"
        f" comment = {literal(dialect.comment)}, columns = {{{columns}}}, nullstr = [{listed}],"
        f" max_line_size = {LONGEST_LINE}, store_rejects = true, rejects_limit = 0)"
    )


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sign(text: str | None) -> str:
    return "" if text in (None, "(empty)") else str(text)
