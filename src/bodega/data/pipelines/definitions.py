"""The same functions as Dagster assets, for backfills, checks and clusters.

    BODEGA_ORCHESTRATOR=dagster dagster dev -m bodega.data.pipelines.definitions

Exactly one orchestrator owns a lake: a run fails at once while the loop holds it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from bodega.backbone.settings import Settings, load_settings
from bodega.data.lake.published import read_published
from bodega.data.lake.s3 import S3Access
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.bronze import TABLES
from bodega.data.pipelines.dbt import Transforms
from bodega.data.pipelines.owner import ownership
from bodega.data.pipelines.reconcile import reconcile
from bodega.data.pipelines.refresh import Outcome, complete_position, refresh
from bodega.data.pipelines.status import record
from bodega.data.pipelines.warehouse import Warehouse

GOLD = (
    "dim_channels",
    "dim_companies",
    "dim_customer_versions",
    "dim_customers",
    "dim_dates",
    "dim_locations",
    "dim_places",
    "dim_product_versions",
    "dim_products",
    "fct_daily_prices",
    "fct_fx_rates",
    "fct_ledger_lines",
    "fct_order_lines",
    "fct_orders",
    "fct_payments",
    "fct_redemptions",
    "fct_statements",
    "fct_stock_movements",
    "fct_weather_days",
    "mart_abandoned_carts",
    "mart_cohorts",
    "mart_coupons",
    "mart_customers",
    "mart_daily_finance",
    "mart_daily_sales",
    "mart_inventory",
    "mart_market_daily",
    "mart_market_performance",
    "mart_market_ratios",
    "mart_payments",
    "mart_product_sales",
    "mart_promotions",
    "mart_sales_cube",
    "mart_weather_sales",
)
BRONZE = [dg.AssetSpec(["bronze", table], group_name="bronze") for table in TABLES]
LINES = dg.AssetKey(["gold", "fct_order_lines"])
Materialised = dg.MaterializeResult[Any]


class Lake(dg.ConfigurableResource[Any]):
    """Where the lake is and how much memory its warehouse may take."""

    root: str
    memory_mb: int = 1024

    work: str = ""

    @property
    def path(self) -> LakeRoot:
        access = S3Access.of(load_settings())
        return LakeRoot(self.root, work=Path(self.work or self.root), access=access)

    def refresh(self, *, full: bool) -> Outcome:
        """As the loop does it, holding the lake for as long."""
        warehouse = Warehouse(self.path, self.memory_mb)
        with ownership(self.path.work):
            outcome = refresh(
                warehouse, Transforms(warehouse), full=full, upto=complete_position(self.path)
            )
            record(self.path.work, outcome)
        return outcome


class Build(dg.Config):
    """`full` rebuilds from the first change on."""

    full: bool = False


@dg.multi_asset(
    name="gold",
    group_name="gold",
    specs=[dg.AssetSpec(["gold", table], deps=[spec.key for spec in BRONZE]) for table in GOLD],
    check_specs=[dg.AssetCheckSpec("fit_to_publish", asset=LINES, blocking=True)],
)
def gold(config: Build, lake: Lake) -> Iterator[Materialised | dg.AssetCheckResult]:
    """Everything that moved in bronze, through dbt and the checks, to the readers."""
    outcome = lake.refresh(full=config.full)
    if outcome.state != "blocked":
        yield from _materialised(lake, outcome)
    yield dg.AssetCheckResult(
        check_name="fit_to_publish",
        asset_key=LINES,
        passed=outcome.state != "blocked",
        metadata={"failures": outcome.failures},
    )
    if outcome.state == "blocked":
        raise dg.Failure("not published: " + "; ".join(outcome.failures))


def _materialised(lake: Lake, outcome: Outcome) -> Iterator[Materialised]:
    published = read_published(lake.path)
    for table in GOLD:
        if found := published.tables.get(table):
            metadata: dict[str, Any] = {"rows": found.rows, "delta_version": found.version}
            metadata["written"] = outcome.written.get(table, [])
            yield dg.MaterializeResult(asset_key=["gold", table], metadata=metadata)


@dg.asset_check(asset=LINES, name="agrees_with_bronze")
def agrees_with_bronze(lake: Lake) -> dg.AssetCheckResult:
    """Rows and money of the published set, recounted from bronze."""
    lines = reconcile(lake.path)
    wrong = [f"{x.measure} {x.label}: {x.source} ≠ {x.gold}" for x in lines if not x.agrees]
    return dg.AssetCheckResult(passed=not wrong, metadata={"figures": len(lines), "wrong": wrong})


@dg.sensor(target=[gold], minimum_interval_seconds=5)
def bronze_moved(context: dg.SensorEvaluationContext, lake: Lake) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run when bronze is complete to a new position."""
    position = str(complete_position(lake.path))
    if position == context.cursor:
        return dg.SkipReason(f"bronze is still at {position}")
    context.update_cursor(position)
    return dg.RunRequest(run_key=position)


def definitions(settings: Settings) -> dg.Definitions:
    """The whole graph over the lake of `settings`; the sensor only when Dagster orchestrates."""
    return dg.Definitions(
        assets=[*BRONZE, gold],
        asset_checks=[agrees_with_bronze],
        sensors=[bronze_moved] if settings.orchestrator == "dagster" else [],
        resources={"lake": _lake(settings)},
    )


def _lake(settings: Settings) -> Lake:
    root = LakeRoot.of(settings)
    return Lake(root=str(root), work=str(root.work), memory_mb=settings.lake_memory_mb)


defs = definitions(load_settings())
