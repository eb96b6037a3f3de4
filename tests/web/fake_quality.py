"""The lake's state in memory: a table that is late, a check that blocks, rows set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bodega.contracts.quality import (
    CheckView,
    ColumnQuality,
    DeadView,
    DrivenView,
    LoadLine,
    Standing,
    TableQuality,
    TableReport,
)
from bodega.kernel.errors import Unavailable
from tests.web.fakes import NOW

CHECK = CheckView(
    table="gold.fct_orders",
    check="currency pattern",
    kind="constraint",
    severity="block",
    passed=False,
    rows=3,
    observed="quid",
    expected="[A-Z]{3}",
    noted_at=NOW - timedelta(minutes=7),
)
DRIFTED = CheckView(
    table="gold.mart_daily_sales",
    check="gross_amount drift",
    kind="distribution",
    severity="warn",
    passed=False,
    rows=412,
    observed="PSI 0.41",
    expected="at most 0.25",
    noted_at=NOW - timedelta(hours=2),
)


def _tables() -> list[TableQuality]:
    grown = [300_000 + n * 900 for n in range(24)]
    return [
        TableQuality(
            table="gold.fct_orders", layer="gold", owner="insight", state="late",
            age_seconds=1_260, why="connection refused", rows=319_845, trend=grown, nulls=0.31,
            drift=0.02, failing=1, blocking=1,
        ),
        TableQuality(
            table="gold.mart_daily_sales", layer="gold", owner="insight", state="ok",
            age_seconds=4, rows=412, trend=[400, 401, 402, 405, 412], nulls=0.0, drift=0.41,
            failing=1,
        ),
        *(
            TableQuality(table=f"gold.{name}", layer="gold", state="ok", age_seconds=4, rows=90)
            for name in ("dim_products", "dim_customers", "fct_payments")
        ),
        TableQuality(
            table="silver.orders", layer="silver", owner="orders", state="ok", age_seconds=4,
            rows=9_120, trend=[9_000, 9_050, 9_020, 9_120], nulls=0.02, drift=0.01,
        ),
        TableQuality(
            table="bronze.suppliers__prices", layer="bronze", state="warn", age_seconds=5_400,
            rows=1_204, trend=[1_200, 1_204], dead=2,
        ),
    ]  # fmt: skip


def _dead() -> list[DeadView]:
    return [
        DeadView(
            id=f"suppliers__prices:17950{n}-2",
            table="bronze.suppliers__prices",
            layer="bronze",
            since=NOW - timedelta(hours=n),
            reason="price: not a decimal(12,2)",
            origin="suppliers/monday.csv",
            row={"sku": f"B-{n}", "price": "dear", "contact": "(personal)", "valid_from": None},
        )
        for n in (1, 2)
    ]


@dataclass
class FakeQuality:
    down: bool = False
    rows: list[DeadView] = field(default_factory=_dead)
    driven: list[tuple[list[str], dict[str, str | None], str, str, bool]] = field(
        default_factory=list
    )

    async def standing(self) -> Standing:
        if self.down:
            raise Unavailable
        return Standing(tables=_tables(), failing=[CHECK, DRIFTED], differing=1, loads=4_210)

    async def table(self, *, name: str) -> TableReport | None:
        found = next((one for one in _tables() if one.table == name), None)
        if found is None:
            return None
        return TableReport(
            table=found,
            profiled_at=NOW,
            columns=[
                ColumnQuality(
                    name="country", type="VARCHAR", nulls=0.021, distinct=14, lowest=None,
                    highest=None, mean=None, drift=0.31, top={"GB": 8_100, "DE": 720, "FR": 300},
                ),
                ColumnQuality(
                    name="total_amount", type="BIGINT", nulls=0.0, distinct=7_001, lowest="90",
                    highest="182300", mean=2_412.4, drift=0.01, top={},
                ),
            ],
            checks=[check for check in (CHECK, DRIFTED) if check.table == name],
            loads=[
                LoadLine(
                    noted_at=NOW, hop="silver → gold", measure="total_amount GBP",
                    source="31984512", target="31984512", agrees=True,
                )
            ],
        )  # fmt: skip

    async def dead(self, *, table: str | None = None, limit: int = 100) -> list[DeadView]:
        if self.down:
            raise Unavailable
        return [row for row in self.rows if table in (None, row.table)][:limit]

    async def redrive(
        self,
        *,
        ids: Sequence[str],
        edits: Mapping[str, str | None],
        by: str,
        why: str,
        drop: bool = False,
    ) -> list[DrivenView]:
        self.driven.append((list(ids), dict(edits), by, why, drop))
        if edits.get("price") == "cheap":
            return [DrivenView(id=ids[0], outcome="still", detail="price: not a decimal(12,2)")]
        self.rows = [row for row in self.rows if row.id not in ids]
        return [DrivenView(id=id, outcome="dropped" if drop else "driven") for id in ids]
