"""Rows of values as CSV, for spreadsheets."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from bodega.kernel.money import Money


def csv_of(kind: type[BaseModel], rows: Sequence[BaseModel]) -> str:
    """A head and a line a row; `value`, an amount of money, as two columns."""
    file = io.StringIO()
    fields = list(kind.model_fields)
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(
        name for field in fields for name in (_money_names(field) if field == "value" else [field])
    )
    for row in rows:
        writer.writerow(cell for field in fields for cell in _cells(field, getattr(row, field)))
    return file.getvalue()


def _money_names(field: str) -> list[str]:
    return [field, f"{field}_currency"]


def _cells(field: str, value: object) -> list[object]:
    if isinstance(value, Money):
        return [value.decimal, value.currency]
    if value is None:
        return ["", ""] if field == "value" else [""]
    if isinstance(value, datetime):
        return [value.isoformat()]
    # A title that begins like a formula would be run by a spreadsheet.
    if isinstance(value, str) and value[:1] in "=+-@\t\r":
        return [f"'{value}"]
    return [value]
