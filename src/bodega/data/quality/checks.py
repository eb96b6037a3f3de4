"""What gold must agree on with silver before anybody reads it; each check blocks publishing."""

from dataclasses import dataclass

import duckdb

from bodega.data.quality.results import Result


@dataclass(frozen=True)
class Check:
    """`sql` returns the offending rows; none is good."""

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
        from silver.orders s full outer join gold.fct_orders g on g.order_id = s.id
        where (s.status, s.total_amount) is distinct from (g.status, g.total_amount)
        """,
    ),
)


def run_checks(con: duckdb.DuckDBPyConnection) -> list[Result]:
    """All gold checks against an open warehouse."""
    return [_run(con, check) for check in GOLD_CHECKS]


def _run(con: duckdb.DuckDBPyConnection, check: Check) -> Result:
    offending = con.execute(f"select * from ({check.sql}) limit 5").fetchall()
    return Result(
        check.table, check.name, "constraint", "block", passed=not offending,
        rows=len(offending), observed=str(offending) if offending else "", expected=check.meaning,
    )  # fmt: skip
