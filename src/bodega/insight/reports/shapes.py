"""A written report as text, as a page and as CSV."""

import csv
import io
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from bodega.insight.reports.writing import WrittenReport, WrittenTable, shown

if TYPE_CHECKING:
    from jinja2 import Template

_RISKY = ("=", "+", "-", "@", "\t", "\r")


def cells(table: WrittenTable) -> tuple[list[str], list[list[str]]]:
    """Heads and rows as they are read."""
    heads = [*table.by, "currency", *(one.label for one in table.metrics)]
    rows = [
        [
            *(value or "" for value in row.groups),
            row.currency or "",
            *(
                shown(one, value, row.currency)
                for one, value in zip(table.metrics, row.values, strict=True)
            ),
        ]
        for row in table.rows
    ]
    return heads, rows


def as_csv(table: WrittenTable) -> str:
    """Names instead of labels; a text that a spreadsheet would take for a formula is quoted."""
    heads, rows = cells(table)
    heads = [*heads[: len(table.by) + 1], *(one.name for one in table.metrics)]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    width = len(table.by)
    for row in rows:
        writer.writerow([*map(_harmless, row[:width]), *row[width:]])
    return out.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text


def as_text(written: WrittenReport) -> str:
    parts = [f"{written.report.title}, {written.days}", written.report.note]
    for table in written.tables:
        heads, rows = cells(table)
        lines = ["  ".join(column) for column in _aligned([heads, *rows], len(table.by) + 1)]
        more = f"\n… and {table.left_out} more" if table.left_out else ""
        parts.append(f"{table.title}\n\n" + "\n".join(lines if rows else ["nothing"]) + more)
    parts.append(_known(written))
    return "\n\n".join(part for part in parts if part) + "\n"


def _aligned(rows: list[list[str]], texts: int) -> list[list[str]]:
    """Texts to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [
            cell.ljust(width) if nth < texts else cell.rjust(width)
            for nth, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]


def as_page(written: WrittenReport) -> str:
    tables = [(table, *cells(table)) for table in written.tables]
    return _template().render(written=written, tables=tables, known=_known(written))


def _known(written: WrittenReport) -> str:
    known = written.known_at
    return f"As the warehouse knew it on {known:%Y-%m-%d %H:%M} UTC." if known else ""


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    text = files("bodega.insight.reports").joinpath("page.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        text
    )
