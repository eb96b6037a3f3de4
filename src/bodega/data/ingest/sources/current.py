"""What counts now, of all that ever arrived: SQL over a stream's bronze table."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bodega.data.ingest.sources.casts import native
from bodega.data.ingest.sources.conform import AUDIT
from bodega.data.ingest.sources.contract import Column, Stream


def current_sql(
    stream: Stream,
    files: Sequence[str],
    columns: Sequence[Column],
    *,
    as_of: datetime | None = None,
) -> str:
    """The stream's columns and audit columns of the rows that count (as they did at `as_of`).

    With a key: the newest of each key by the stream's `version`, then by arrival, unless that one
    says the record is gone. Without: the rows of the last whole reading of their origin, and those
    added since.
    """
    rows = bronze_sql(files, columns)
    if as_of is not None:
        at = as_of.astimezone(UTC).isoformat()
        rows = f"select * from ({rows}) where _known_at <= timestamptz '{at}'"
    return _newest(stream, rows) if stream.key else _last_reading(rows)


def bronze_sql(files: Sequence[str], columns: Sequence[Column]) -> str:
    """Everything that arrived, in these columns."""
    typed = [(column.name, native(column.type)) for column in columns]
    typed += [(field.name, _AUDIT_TYPES[str(field.type)]) for field in AUDIT]
    if not files:
        empty = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in typed)
        return f"select {empty} where false"
    names = {name for name, _ in typed}
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    # A column that no file has yet is empty: hence the empty row that names them all.
    blank = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in typed)
    chosen = ", ".join(f'"{name}"' for name, _ in typed if name in names)
    return (
        f"select {chosen} from (select {blank} where false union all by name "
        f"select * from read_parquet([{listed}], union_by_name = true, hive_partitioning = false))"
    )


def rejected_sql(files: Sequence[str]) -> str:
    """Rows that were set aside: when, why, from where, and what they were."""
    return (
        "select _ingested_at, _rejected, _origin, _raw, _position, _sequence "
        f"from ({bronze_sql(files, ())}) where _rejected is not null"
    )


_AUDIT_TYPES = {"string": "VARCHAR", "int64": "BIGINT", "timestamp[us, tz=UTC]": "TIMESTAMPTZ"}


def _newest(stream: Stream, rows: str) -> str:
    version = f'"{stream.version}" desc nulls last, ' if stream.version else ""
    return (
        f"select * exclude (nth) from (select *, row_number() over (partition by _key "
        f"order by {version}_position desc, _sequence desc) as nth "
        f"from ({rows}) where _rejected is null and _key is not null and _op in ('u', 'd')) "
        "where nth = 1 and _op = 'u'"
    )


def _last_reading(rows: str) -> str:
    return (
        f"select r.* from ({rows}) r left join "
        f"(select _origin, max(_generation) as last from ({rows}) where _op = 'e' group by _origin)"
        " ended on ended._origin = r._origin "
        "where r._op = 'u' and r._rejected is null and r._generation = coalesce(ended.last, 0)"
    )
