"""Assertions on tables that say what differs, not only that something does."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any

Row = Mapping[str, Any]
_SHOWN = 5


def assert_rows(
    found: Iterable[Row],
    expected: Iterable[Row],
    *,
    columns: str | Sequence[str] | None = None,
) -> None:
    """The same rows in any order, as often; of `columns` only where they are named."""
    wanted = None if columns is None else _names(columns)
    have, want = _counted(found, wanted), _counted(expected, wanted)
    missing, extra = want - have, have - want
    if missing or extra:
        raise AssertionError(
            f"{sum(missing.values())} rows missing: {_some(missing)}\n"
            f"{sum(extra.values())} rows too many: {_some(extra)}"
        )


def assert_unique(rows: Iterable[Row], key: str | Sequence[str]) -> None:
    """No two rows share a key, of one column or several."""
    key = _names(key)
    counted = Counter(tuple(_told(row, name) for name in key) for row in rows)
    twice = {values: count for values, count in counted.items() if count > 1}
    if twice:
        raise AssertionError(
            f"{len(twice)} keys of {', '.join(key)} more than once: {_some(twice)}"
        )


def assert_filled(rows: Iterable[Row], columns: str | Sequence[str]) -> None:
    """No null in `columns`."""
    empty = Counter(name for row in rows for name in _names(columns) if _told(row, name) is None)
    if empty:
        raise AssertionError(f"nulls in {dict(empty)}")


def assert_sum(rows: Iterable[Row], column: str, expected: Any) -> None:
    """Exact, to the cent; a null is no amount."""
    values = [_told(row, column) for row in rows]
    if None in values:
        raise AssertionError(f"{values.count(None)} of {len(values)} rows have no {column}")
    total = sum(values)
    if total != expected:
        raise AssertionError(f"the sum of {column} is {total}, not {expected}: {total - expected}")


def assert_refers(
    rows: Iterable[Row], column: str, to: Iterable[Row], key: str | None = None
) -> None:
    """Every value of `column` that is not null is a `key` (the same name) of `to`."""
    known = {_told(row, key or column) for row in to}
    values = [_told(row, column) for row in rows]
    lost = Counter(value for value in values if value is not None and value not in known)
    if lost:
        raise AssertionError(
            f"{sum(lost.values())} values of {column} refer to nothing: {_some(lost)}"
        )


def _names(columns: str | Sequence[str]) -> Sequence[str]:
    return (columns,) if isinstance(columns, str) else columns


def _told(row: Row, name: str) -> Any:
    """A value as something that can be counted and is like itself, lists and NaN too."""
    if name not in row:
        raise AssertionError(f"no column {name}; there are {', '.join(row)}")
    return _fixed(row[name])


def _fixed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple((name, _fixed(one)) for name, one in value.items())
    if isinstance(value, list):
        return tuple(map(_fixed, value))
    return "NaN" if isinstance(value, float) and isnan(value) else value


def _counted(rows: Iterable[Row], columns: Sequence[str] | None) -> Counter[tuple[Any, ...]]:
    return Counter(
        tuple(sorted((name, _told(row, name)) for name in (columns or row))) for row in rows
    )


def _some(found: Mapping[Any, int]) -> str:
    shown = ", ".join(str(value) for value in list(found)[:_SHOWN])
    return f"{shown}{' …' if len(found) > _SHOWN else ''}" if found else "none"
