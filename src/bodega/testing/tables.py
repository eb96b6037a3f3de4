"""Assertions on tables that say what differs, not only that something does."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
_SHOWN = 5


def assert_rows(
    found: Iterable[Row], expected: Iterable[Row], *, columns: Sequence[str] | None = None
) -> None:
    """The same rows in any order, as often; of `columns` only where they are named."""
    have, want = _counted(found, columns), _counted(expected, columns)
    missing, extra = want - have, have - want
    if missing or extra:
        raise AssertionError(
            f"{sum(missing.values())} rows missing: {_some(missing)}\n"
            f"{sum(extra.values())} rows too many: {_some(extra)}"
        )


def assert_unique(rows: Iterable[Row], key: Sequence[str]) -> None:
    """No two rows share a key."""
    counted = Counter(tuple(row[name] for name in key) for row in rows)
    twice = {values: count for values, count in counted.items() if count > 1}
    if twice:
        raise AssertionError(f"{len(twice)} keys of {tuple(key)} more than once: {_some(twice)}")


def assert_filled(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """No null in `columns`."""
    empty = Counter(name for row in rows for name in columns if row[name] is None)
    if empty:
        raise AssertionError(f"nulls in {dict(empty)}")


def assert_sum(rows: Iterable[Row], column: str, expected: Any) -> None:
    """Exact, to the cent."""
    total = sum(row[column] for row in rows)
    if total != expected:
        raise AssertionError(f"the sum of {column} is {total}, not {expected}: {total - expected}")


def assert_refers(
    rows: Iterable[Row], column: str, to: Iterable[Row], key: str | None = None
) -> None:
    """Every value of `column` that is not null is a `key` (the same name) of `to`."""
    known = {row[key or column] for row in to}
    lost = Counter(
        row[column] for row in rows if row[column] is not None and row[column] not in known
    )
    if lost:
        raise AssertionError(
            f"{sum(lost.values())} values of {column} refer to nothing: {_some(lost)}"
        )


def _counted(rows: Iterable[Row], columns: Sequence[str] | None) -> Counter[tuple[Any, ...]]:
    return Counter(
        tuple(sorted((name, row[name]) for name in (columns or row))) for row in map(dict, rows)
    )


def _some(found: Mapping[Any, int]) -> str:
    shown = ", ".join(str(value) for value in list(found)[:_SHOWN])
    return f"{shown}{' …' if len(found) > _SHOWN else ''}" if found else "none"
