"""One page against its stream's contract: fit rows typed, unfit rows with their reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from bodega.data.ingest.sources.casts import arrow, as_text, cast, filled, says
from bodega.data.ingest.sources.contract import Column, Page, SchemaContract, Stream
from bodega.data.ingest.sources.errors import SchemaFrozen
from bodega.data.ingest.sources.infer import infer
from bodega.data.lake.storage import LakeRoot

TEXT_SUFFIX = "__text"
AUDIT = pa.schema(
    [
        ("_source", pa.string()),
        ("_origin", pa.string()),
        ("_position", pa.int64()),
        ("_sequence", pa.int64()),
        ("_op", pa.string()),
        ("_key", pa.string()),
        ("_hash", pa.string()),
        ("_generation", pa.int64()),
        ("_rejected", pa.string()),
        ("_raw", pa.string()),
        ("_known_at", pa.timestamp("us", tz="UTC")),
        ("_ingested_at", pa.timestamp("us", tz="UTC")),
    ]
)


NOTHING = pa.schema(
    [
        *(AUDIT.field(name) for name in ("_key", "_hash")),
        ("_named", pa.string()),
        ("_deleted", pa.bool_()),
        ("_known", pa.timestamp("us", tz="UTC")),
        *(AUDIT.field(name) for name in ("_rejected", "_raw")),
    ]
).empty_table()


@dataclass(frozen=True, slots=True)
class Conformed:
    """`rows` have the stream's columns, then `_key _hash _named _deleted _known _rejected _raw`, in
    the order they came; `_named` is the key of a row whether it is fit or not, where it has one.
    `columns` are the stream's columns from now on."""

    rows: pa.Table
    columns: tuple[Column, ...]
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    values_dropped: Mapping[str, int] = field(default_factory=dict)


def connect(lake: LakeRoot | None = None, *, memory_mb: int = 512) -> duckdb.DuckDBPyConnection:
    """Where pages are conformed and looked at: in memory, in UTC; it reads files of `lake`, too."""
    con = duckdb.connect(":memory:", config={"memory_limit": f"{memory_mb}MB", "threads": 2})
    con.execute("set TimeZone = 'UTC'")
    con.execute("set python_enable_replacements = false")
    if lake is not None:
        lake.attach(con)
    return con


def conform(
    con: duckdb.DuckDBPyConnection, page: Page, stream: Stream, known: Sequence[Column]
) -> Conformed:
    """`known` are the columns so far. Raises SchemaFrozen; then nothing of the page is kept."""
    if not page.rows.num_columns:
        return Conformed(NOTHING, tuple(known))
    con.register("page", page.rows)
    try:
        return _Conforming(con, page, stream, known).run()
    finally:
        con.unregister("page")


class _Conforming:
    """One page on its way through."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        page: Page,
        stream: Stream,
        known: Sequence[Column],
    ) -> None:
        self._con, self._page, self._stream = con, page, stream
        self._contract: SchemaContract = stream.contract
        self._schema = page.rows.schema
        self._known = list(known)
        self._added: list[Column] = []
        self._reasons: list[str] = []
        self._dropped: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def run(self) -> Conformed:
        self._unknown_columns()
        for column in [*self._known, *self._added]:
            self._column(column)
        for name in self._stream.key:
            self._demand(name, "a key is missing")
            self._demand_fit(name)
        return self._result()

    def _unknown_columns(self) -> None:
        names = {column.name for column in self._known}
        unknown = [name for name in self._schema.names if name not in names]
        if not unknown:
            return
        mode = self._contract.columns
        first = not self._known
        if mode == "drop_value" and not first:
            return
        found = infer(self._con, "page", unknown, self._schema, self._page.hints)
        if mode == "evolve" or first:
            self._added = found
        elif mode == "freeze" and found:
            raise SchemaFrozen(
                f"{self._stream.name}: new column {_listed(found)}. Declare it under `fields`, or "
                "let the contract `evolve`."
            )
        elif mode == "drop_row":
            self._reasons += [
                f"case when {filled(c.name, self._schema.field(c.name).type, c.type)} "
                f"then '{c.name}: an unknown column' end"
                for c in found
            ]

    def _column(self, column: Column) -> None:
        if column.name not in self._schema.names:
            self._absent(column)
            return
        given = self._schema.field(column.name).type
        self._values[column.name] = cast(column, given)
        misfit = f"({filled(column.name, given, column.type)} and {_typed(column.name)} is null)"
        mode = self._contract.types
        if column.type != "string" and mode == "freeze":
            self._stop_at(column, misfit)
        elif column.type != "string" and mode == "drop_row":
            self._reasons.append(
                f"case when {misfit} then '{column.name}: {says(column.type)}' end"
            )
        elif column.type != "string":
            self._dropped[column.name] = f"count(*) filter ({misfit})"
            if mode == "evolve":
                self._keep_as_text(column, misfit, given)
        if column.required:
            self._demand(column.name, "required, and missing")

    def _absent(self, column: Column) -> None:
        if column.required:
            self._reasons.append(f"'{column.name}: required, and missing'")

    def _keep_as_text(self, column: Column, misfit: str, given: pa.DataType) -> None:
        name = f"{column.name}{TEXT_SUFFIX}"
        if any(known.name == name for known in self._known):
            self._known = [known for known in self._known if known.name != name]
        elif not self._any(misfit):
            return
        self._added.append(Column(name=name, type="string"))
        text = as_text(column.name, given)
        self._texts[name] = f"case when {misfit} then {text} end"

    def _cast_page(self) -> str:
        casts = "".join(f", {sql} as {_typed(name)}" for name, sql in self._values.items())
        return f"select *{casts} from page"

    def _any(self, condition: str) -> bool:
        row = self._con.execute(
            f"select count(*) from ({self._cast_page()}) where {condition}"
        ).fetchone()
        return bool(row and row[0])

    def _stop_at(self, column: Column, misfit: str) -> None:
        row = self._con.execute(
            f'select cast("{column.name}" as varchar) from ({self._cast_page()}) '
            f"where {misfit} limit 1"
        ).fetchone()
        if row is not None:
            raise SchemaFrozen(
                f"{self._stream.name}.{column.name}: {row[0]!r} is {says(column.type)}. Mend the "
                "source, change the declared type, or let the contract set such rows aside."
            )

    def _demand(self, name: str, why: str) -> None:
        if name in self._schema.names:
            given = self._schema.field(name).type
            self._reasons.append(
                f"case when not {filled(name, given, 'key')} then '{name}: {why}' end"
            )
        else:
            self._reasons.append(f"'{name}: {why}'")

    def _demand_fit(self, name: str) -> None:
        """Of keys: a row whose key is not of its type is nobody's, whatever the contract says of
        values."""
        kind = next((c.type for c in self._known + self._added if c.name == name), None)
        if kind is None or name not in self._values or self._contract.types == "drop_row":
            return
        given = self._schema.field(name).type
        self._reasons.append(
            f"case when {filled(name, given, kind)} and {_typed(name)} is null "
            f"then '{name}: {says(kind)}' end"
        )

    def _result(self) -> Conformed:
        columns = _once([*self._known, *self._added])
        rows = self._con.execute(self._sql()).to_arrow_table()
        reasons = Counter(reason for reason in rows["_rejected"].to_pylist() if reason)
        present = set(self._schema.names)
        return Conformed(
            rows=rows,
            columns=tuple(columns),
            added=tuple(c.name for c in columns if c.name not in {k.name for k in self._known}),
            missing=tuple(
                c.name
                for c in self._known
                if c.name not in present and not c.name.endswith(TEXT_SUFFIX)
            ),
            rejected=dict(reasons),
            values_dropped=self._count_dropped(),
        )

    def _sql(self) -> str:
        """Judged, then typed, then known by key and hash. Unfit rows keep what came as JSON."""
        values = [*self._values, *self._texts]
        reasons = ", ".join(["cast(null as varchar)", *self._reasons])
        raw = ", ".join(f'"{c.name}" := {as_text(c.name, c.type)}' for c in self._schema)
        kept = {name: _typed(name) for name in self._values} | self._texts
        typed = [
            f'case when _rejected is null then {sql} end as "{name}"' for name, sql in kept.items()
        ]
        key = [name for name in self._stream.key if name in values]
        return f"""
            with cast_once as materialized ({self._cast_page()}),
            judged as (
                select *, nullif(array_to_string([{reasons}], '; '), '') as _rejected
                from cast_once
            ),
            typed as (
                select {", ".join([*typed, "_rejected", self._named(key)])},
                    case when _rejected is not null
                        then to_json(struct_pack({raw}))::varchar end as _raw
                from judged
            )
            select {", ".join([*(_quoted(name) for name in values), *self._known_by(key, values)])},
                _rejected, _raw
            from typed
        """

    def _named(self, key: Sequence[str]) -> str:
        """The key, as far as every part of it is there."""
        given = [_typed(name) for name in key]
        if not key or len(key) < len(self._stream.key):
            return "null::varchar as _named"
        parts = ", ".join(f"cast({part} as varchar)" for part in given)
        there = " and ".join(f"{part} is not null" for part in given)
        return f"case when {there} then to_json([{parts}])::varchar end as _named"

    def _known_by(self, key: Sequence[str], values: Sequence[str]) -> list[str]:
        deleted, known_at = self._stream.deleted, self._stream.known_at
        row = ", ".join(f"coalesce(cast({_quoted(name)} as varchar), chr(0))" for name in values)
        fit = "case when _rejected is null then"
        return [
            f"{fit} _named end as _key" if key else "null::varchar as _key",
            f"{fit} md5(concat_ws(chr(31), {row})) end as _hash"
            if key
            else "null::varchar as _hash",
            "_named",
            f"coalesce(try_cast({_quoted(deleted)} as boolean), false) as _deleted"
            if deleted in values
            else "false as _deleted",
            f"try_cast({_quoted(known_at)} as timestamptz) as _known"
            if known_at in values
            else "null::timestamptz as _known",
        ]

    def _count_dropped(self) -> dict[str, int]:
        if not self._dropped:
            return {}
        row = self._con.execute(
            f"select {', '.join(self._dropped.values())} from ({self._cast_page()})"
        ).fetchone()
        assert row is not None
        return {name: count for name, count in zip(self._dropped, row, strict=True) if count}


def _typed(name: str) -> str:
    """The column that holds a value in its type, beside the one that holds it as it came."""
    return f'"typed:{name}"'


def _quoted(name: str | None) -> str:
    return f'"{name}"'


def _once(columns: Sequence[Column]) -> list[Column]:
    return list({column.name: column for column in columns}.values())


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(f"{column.name} ({column.type})" for column in columns)


def table_schema(columns: Sequence[Column]) -> pa.Schema:
    """A bronze table with these columns: their types, then the audit columns."""
    return pa.schema([*((c.name, arrow(c.type)) for c in columns), *AUDIT])
