"""A data dictionary of two tables."""

from dataclasses import dataclass, field

from bodega.contracts.dictionary import (
    ColumnLine,
    ColumnView,
    Found,
    Layer,
    LineageStep,
    TableLine,
    TableView,
)
from bodega.kernel.errors import Unavailable

NET = "gold.fct_orders.net_amount"
TOKEN = "gold.fct_orders.email_token"


def orders() -> TableView:
    return TableView(
        name="gold.fct_orders",
        layer="gold",
        description="Orders, <b>cancelled</b> ones included.",
        owner="insight@bodega.example",
        columns=3,
        personal=True,
        rows=4_321,
        state="ok",
        grain="one order",
        tests=["order total is the sum of its lines"],
        fields=[
            ColumnLine(
                name="net_amount",
                type="bigint",
                kind="public",
                description="total less credited",
                tests=["required"],
            ),
            ColumnLine(
                name="email_token", type="varchar", kind="personal", description="stands for it"
            ),
            ColumnLine(
                name="total_amount", type="bigint", kind="public", description="the whole sum"
            ),
        ],
        upstream=["intermediate.int_orders"],
        downstream=["metric.net_sales"],
        examples=["select * from gold.fct_orders limit 10"],
    )


@dataclass
class FakeDictionary:
    """Knows one table of gold; `steps` are the lineage of its net amount."""

    down: bool = False
    empty: bool = False
    steps: list[LineageStep] = field(
        default_factory=lambda: [
            LineageStep(column=NET, origin="bronze.orders.total_amount", how="transformation"),
            LineageStep(
                column="bronze.orders.total_amount",
                origin="shop.orders.total_amount",
                how="identity",
            ),
        ]
    )

    async def tables(self, *, layer: Layer | None = None) -> list[TableLine]:
        if self.down:
            raise Unavailable
        return [] if self.empty or layer not in (None, "gold") else [orders()]

    async def search(self, *, words: str, limit: int = 50) -> list[Found]:
        said = "total less credited"
        found = Found(table="gold.fct_orders", column=NET, layer="gold", description=said)
        return [found] if words in said else []

    async def table(self, *, name: str) -> TableView | None:
        return orders() if name == "gold.fct_orders" else None

    async def column(self, *, name: str) -> ColumnView | None:
        if name != NET:
            return None
        used = LineageStep(column="metric.net_sales.value", origin=NET, how="aggregation")
        named = {NET, *(one for s in (*self.steps, used) for one in (s.column, s.origin))}
        layers: dict[str, Layer] = {
            one: {"shop": "source", "bronze": "bronze", "metric": "metric"}.get(
                one.split(".")[0], "gold"
            )
            for one in named
        }
        return ColumnView(
            name=NET,
            table="gold.fct_orders",
            about=orders().fields[0],
            up=self.steps,
            down=[used],
            layers=layers,
            kinds=dict.fromkeys(named, "public"),
        )
