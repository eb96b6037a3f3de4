"""What the numbers people see are made of: every metric, and the console's own questions."""

from collections.abc import Iterator

from bodega.data.lineage.declared import Use
from bodega.insight.metrics import FIGURES, LATEST_ORDERS, TOP_PRODUCTS
from bodega.insight.semantic.model import Metric, Place, metrics

OWNER = "insight@bodega.example"
_TODAY = "/console"


def uses() -> Iterator[Use]:
    """Metrics first: the console reads them."""
    for one in metrics().values():
        yield _metric(one)
    yield Use(
        id="console.sales",
        layer="number",
        sql=_figures(),
        owner=OWNER,
        label="Sales today, and by day",
        description="The tiles and the chart of the console's first page.",
        grain="one day in the shop's currency",
        page=_TODAY,
        columns={name: metrics()[name].description for name in FIGURES},
    )
    yield Use(
        id="console.top_products",
        layer="number",
        sql=TOP_PRODUCTS,
        owner=OWNER,
        label="Top products",
        description="The products that sold best in the last thirty days, by net sales.",
        grain="one product",
        columns={"net_amount": "net sales of the thirty days", "units": "pieces sold, net"},
        page=_TODAY,
    )
    yield Use(
        id="console.latest_orders",
        layer="number",
        sql=LATEST_ORDERS,
        owner=OWNER,
        label="Latest orders",
        description="The newest orders that are not cancelled.",
        grain="one order",
        page=_TODAY,
    )


def _metric(declared: Metric) -> Use:
    """Its value and dimensions, in every table that can tell it."""
    names = list(declared.home.dimensions)
    places = (declared.home, *declared.rollups)
    return Use(
        id=f"metric.{declared.name}",
        layer="metric",
        sql=" union all ".join(_told_by(place, names) for place in places),
        owner=declared.owner,
        label=declared.label,
        description=declared.description,
        grain=declared.grain,
        unit=declared.unit,
        columns={
            "value": declared.description,
            **{name: f"told apart by {name}" for name in names},
        },
    )


def _told_by(place: Place, names: list[str]) -> str:
    told = [f'{place.dimensions.get(name, "null")} as "{name}"' for name in names]
    chosen = ", ".join([f"{place.formula} as value", *told])
    return f'select {chosen} from gold."{place.table}" where {place.where}'


def _figures() -> str:
    """The console asks metrics by name."""
    chosen = ", ".join(f"{name}.value as {name}" for name in FIGURES)
    return f"select {chosen} from {', '.join(f'metric.{name} as {name}' for name in FIGURES)}"
