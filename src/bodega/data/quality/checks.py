"""What gold must agree on with silver before anybody reads it; each check blocks publishing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from bodega.data.lake.rewrite import among
from bodega.data.quality.reconciliation import within
from bodega.data.quality.results import Result


@dataclass(frozen=True)
class Check:
    """`sql` returns the offending rows, of the months put into it; none is good."""

    table: str
    name: str
    meaning: str
    sql: str


GOLD_CHECKS = (
    Check(
        "gold.fct_orders",
        "orders_reconcile",
        "Every order of silver is in gold once, with the same status and total.",
        """
        select coalesce(s.id, g.order_id) as order_id,
            s.status, g.status, s.total_amount, g.total_amount
        from (select * from silver.orders where {within}) s
        full outer join (select * from gold.fct_orders where {among}) g on g.order_id = s.id
        where (s.status, s.total_amount) is distinct from (g.status, g.total_amount)
        """,
    ),
)


def run_checks(
    con: duckdb.DuckDBPyConnection, parts: Mapping[str, Collection[str]] | None = None
) -> list[Result]:
    """All gold checks against an open warehouse; of tables in `parts` on these months."""
    return [_run(con, check, parts or {}) for check in GOLD_CHECKS]


def _run(
    con: duckdb.DuckDBPyConnection, check: Check, parts: Mapping[str, Collection[str]]
) -> Result:
    months = parts.get(check.table.removeprefix("gold."))
    sql = check.sql.format(within=within("occurred_at", months), among=among("order_month", months))
    offending = con.execute(f"select * from ({sql}) limit 5").fetchall()
    return Result(
        check.table, check.name, "constraint", "block", passed=not offending,
        rows=len(offending), observed=str(offending) if offending else "", expected=check.meaning,
    )  # fmt: skip
