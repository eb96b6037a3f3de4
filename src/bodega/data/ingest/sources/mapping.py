"""Several streams about one thing: a declared mapping makes one silver table, with provenance.

mappings:
  companies:
    key: [symbol]
    columns: {symbol: string, name: string, employees: integer}
    from:                                # the first that knows a value is believed
      - stream: fmp.profile
        fields: {symbol: symbol, name: company_name, employees: full_time_employees}
      - stream: crm.accounts
        fields: {symbol: ticker, name: title}
"""

from collections.abc import Callable, Mapping
from typing import Annotated

import duckdb
import pyarrow as pa
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError
from pydantic import BaseModel, BeforeValidator, Field, model_validator

from bodega.data.ingest.sources.casts import native
from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.contract import Column, Stream
from bodega.data.ingest.sources.current import current_sql
from bodega.data.ingest.sources.errors import SourceRefused
from bodega.data.ingest.sources.streams import Strict, columns_of_mapping
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.lake.errors import LakeUnavailable
from bodega.data.lake.paths import MAPPED, SILVER
from bodega.data.lake.s3 import quoted
from bodega.data.lake.storage import LakeRoot

KNOWN_AT = "_known_at"
"""When the source knew a record: the only audit column that a mapping may take over."""


class Origin(Strict):
    """A stream, and which of its fields says what; `values` are the same for all its records. A
    field that the stream does not have is refused, or empty when it is `optional`."""

    stream: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    fields: Mapping[str, str] = Field(min_length=1)
    values: Mapping[str, str] = {}
    optional: bool = False


class MappingConfig(Strict):
    """`origins` in order of precedence: of two that differ the earlier is believed."""

    key: tuple[str, ...] = Field(min_length=1)
    columns: Annotated[tuple[Column, ...], BeforeValidator(columns_of_mapping)] = Field(
        min_length=1
    )
    origins: tuple[Origin, ...] = Field(min_length=1, alias="from")

    @model_validator(mode="after")
    def _whole(self) -> "MappingConfig":
        names = {column.name for column in self.columns}
        if set(self.key) - names:
            raise ValueError("every field of `key` is a column")
        for origin in self.origins:
            if set(self.key) - set(origin.fields):
                raise ValueError(f"{origin.stream} says nothing about the key")
            if unknown := {*origin.fields, *origin.values} - names:
                raise ValueError(f"{origin.stream}: no such column {', '.join(sorted(unknown))}")
        return self


class Mapped(BaseModel):
    """`conflicts` are values on which two origins differ."""

    name: str
    rows: int
    conflicts: int


def build_mapping(
    name: str, config: MappingConfig, streams: Callable[[str], Stream], root: LakeRoot
) -> Mapped:
    """Write `silver/<name>` anew from what its streams hold now; `streams` finds one by its name.

    Columns: those declared; `_from`, JSON of which stream each value is from; `_conflicts`, JSON of
    what each stream said where they differ, else null. Raises SourceRefused, LakeUnavailable.
    """
    with connect(root) as con:
        said = [
            _origin(number, origin, config, streams(origin.stream), root)
            for number, origin in enumerate(config.origins)
        ]
        try:
            rows = con.execute(_sql(config, said)).to_arrow_table()
        except duckdb.Error as error:
            raise SourceRefused(f"The mapping {name}: {error}") from error
    uri = root.uri(f"{SILVER}/{name}")
    try:
        write_deltalake(
            uri, rows, mode="overwrite", schema_mode="overwrite", storage_options=root.options
        )
    except (DeltaError, OSError) as error:
        raise LakeUnavailable(uri, error) from error
    root.write_json(MAPPED, {"newest": name, "version": root.delta(f"{SILVER}/{name}").version()})
    return Mapped(name=name, rows=len(rows), conflicts=_count(rows))


def _origin(
    number: int, origin: Origin, config: MappingConfig, stream: Stream, root: LakeRoot
) -> str:
    source, _, _ = origin.stream.partition(".")
    table = SourceTable(root, source, stream.name)
    columns = table.saved().columns or list(stream.columns)
    known = {KNOWN_AT, *(column.name for column in columns)}
    unknown = sorted(set(origin.fields.values()) - known)
    if unknown and columns and table.exists() and not origin.optional:
        raise SourceRefused(f"{origin.stream} has no field {', '.join(unknown)}")
    values = ", ".join(
        f'try_cast({_said(origin, c.name, known, stream)} as {native(c.type)}) as "{c.name}"'
        for c in config.columns
    )
    current = current_sql(stream, table.files(), columns)
    return f"select {number} as rank, '{origin.stream}' as origin, {values} from ({current})"


def _said(origin: Origin, name: str, known: set[str], stream: Stream) -> str:
    """Of a sealed value its token: equal for equal values of one person, and nothing without the
    key."""
    if name in origin.values:
        return quoted(origin.values[name])
    field = origin.fields.get(name)
    if field not in known:
        return "null"
    if stream.personal is not None and field in stream.personal.sealed:
        return f"split_part(\"{field}\", '.', 3)"
    return f'"{field}"'


def _sql(config: MappingConfig, said: list[str]) -> str:
    key = ", ".join(f'"{name}"' for name in config.key)
    others = [column.name for column in config.columns if column.name not in config.key]
    values = [f'arg_min("{n}", rank) filter ("{n}" is not null) as "{n}"' for n in others]
    believed = ", ".join(
        f'"{n}" := arg_min(origin, rank) filter ("{n}" is not null)' for n in others
    )
    differing = ", ".join(
        f'"{n}" := case when count(distinct "{n}") > 1 then '
        f'map(list(origin order by rank) filter ("{n}" is not null), '
        f'list("{n}"::varchar order by rank) filter ("{n}" is not null)) end'
        for n in others
    )
    differ = " or ".join(f'count(distinct "{n}") > 1' for n in others) or "false"
    provenance = f"to_json(struct_pack({believed}))::varchar" if others else "'{}'"
    conflicts = f"to_json(struct_pack({differing}))::varchar" if others else "'{}'"
    return (
        f"select {', '.join([key, *values])}, {provenance} as _from, "
        f"case when {differ} then {conflicts} end as _conflicts "
        f"from ({' union all '.join(said)}) "
        f"where {' and '.join(f'{chr(34)}{n}{chr(34)} is not null' for n in config.key)} "
        f"group by {key} order by {key}"
    )


def _count(rows: pa.Table) -> int:
    import json

    said = [json.loads(text) for text in rows["_conflicts"].to_pylist() if text]
    return sum(1 for conflict in said for value in conflict.values() if value)
