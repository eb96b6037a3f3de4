"""Worksheets of Excel and ODS: cells as text, with every digit that the file holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb
import pyarrow as pa

from bodega.data.ingest.sources.contract import field_names
from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.files.dialect import Dialect

if TYPE_CHECKING:
    from fastexcel import ExcelReader

_PLAIN = r"-?(0|[1-9]\d*)(\.\d*[1-9])?"


def read_sheet(
    con: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, sheet: str | int
) -> pa.Table:
    """The rows below the header, those without a value left out. `dialect` may `skip` the lines
    above the header, say that there is none, and name the `columns`. Raises SourceRefused."""
    import fastexcel

    try:
        book = fastexcel.read_excel(str(path))
        texts = _cells(book, sheet, dialect, "string")
        numbers = _cells(book, sheet, dialect, "float")
    except (fastexcel.FastExcelError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise SourceRefused(f"{path.name}: {said}") from error
    names = dialect.columns or texts.column_names
    if len(names) != len(texts.column_names):
        raise SourceRefused(
            f"{path.name} has {len(texts.column_names)} columns, {len(names)} are declared"
        )
    names = field_names(list(names))
    return _exact(con, texts.rename_columns(names), numbers.rename_columns(names))


def _cells(
    book: "ExcelReader", sheet: str | int, dialect: Dialect, kind: Literal["string", "float"]
) -> pa.Table:
    """Every cell as `kind`, empty where it is none."""
    above, headless = dialect.skip or 0, dialect.header is False
    read = book.load_sheet(
        sheet,
        dtypes=kind,
        header_row=None if headless else above,
        skip_rows=above if headless else None,
    )
    return pa.Table.from_batches([read.to_arrow()])


def _exact(con: duckdb.DuckDBPyConnection, texts: pa.Table, numbers: pa.Table) -> pa.Table:
    """As text, fractions come with nine places: cells that are such numbers are written as they
    are. Text that looks like a number and is none (`007`, `1.50`) stays."""
    if not texts.column_names:
        return texts
    con.register("texts", texts)
    con.register("numbers", numbers)
    cells = ", ".join(
        f"""case when n."{name}" <> trunc(n."{name}") and isfinite(n."{name}")
            and regexp_full_match(t."{name}", '{_PLAIN}')
            and abs(try_cast(t."{name}" as double) - n."{name}") < 1e-9
            then cast(n."{name}" as varchar) else t."{name}" end as "{name}\""""
        for name in texts.column_names
    )
    filled = " or ".join(f'"{name}" is not null' for name in texts.column_names)
    try:
        return con.execute(
            f"select * from (select {cells} from texts t positional join numbers n) where {filled}"
        ).to_arrow_table()
    finally:
        con.unregister("texts")
        con.unregister("numbers")
