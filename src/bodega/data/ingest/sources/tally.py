"""Rows as they are handed to the lake, counted so that they can be counted again in it."""

from collections.abc import Sequence
from decimal import Decimal

import duckdb
from pydantic import BaseModel

from bodega.data.ingest.sources.contract import Column

_COUNTED = ("_key", "_op", "_rejected", "_raw")


class Tally(BaseModel):
    """`checksum` is the sum over all filled values of a hash of name and value: neither order nor
    a column that came later changes it. `sums` are exact, of decimal columns."""

    first: int = 0
    last: int = 0
    rows: int = 0
    records: int = 0
    rejected: int = 0
    checksum: int = 0
    sums: dict[str, Decimal] = {}

    def add(self, other: "Tally") -> None:
        self.first = min(filter(None, (self.first, other.first)), default=0)
        self.last = max(self.last, other.last)
        self.rows += other.rows
        self.records += other.records
        self.rejected += other.rejected
        self.checksum += other.checksum
        for name, value in other.sums.items():
            self.sums[name] = self.sums.get(name, Decimal(0)) + value


def tallied(
    con: duckdb.DuckDBPyConnection, relation: str, names: Sequence[str], columns: Sequence[Column]
) -> Tally:
    """`relation` has the columns `names`; `columns` say which are decimals."""
    exact = [c.name for c in columns if c.type.startswith("decimal") and c.name in names]
    values = [c.name for c in columns if c.name in names] + [n for n in _COUNTED if n in names]
    hashes = [
        f'coalesce(sum(hash(\'{name}\', "{name}")) filter (where "{name}" is not null), 0)'
        for name in values
    ]
    sums = ", ".join(["0", *(f'coalesce(sum("{name}"), 0)' for name in exact)])
    row = con.execute(
        f"""select coalesce(min(_position), 0), coalesce(max(_position), 0), count(*),
            count(*) filter (where _op in ('u', 'd')),
            count(*) filter (where _rejected is not null),
            cast({" + ".join(hashes)} as varchar), {sums} from {relation}"""
    ).fetchone()
    assert row is not None
    return Tally(
        first=row[0],
        last=row[1],
        rows=row[2],
        records=row[3],
        rejected=row[4],
        checksum=int(row[5]),
        sums=dict(zip(exact, map(Decimal, row[7:]), strict=True)),
    )
