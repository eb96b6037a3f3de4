"""Rows on the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

_PIPE_COLUMNS = 400


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns side by side, without a frame; None as nothing. Into a pipe nothing is cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    wide = None if Console().is_terminal else _PIPE_COLUMNS
    Console(highlight=False, soft_wrap=True, width=wide).print(table)
