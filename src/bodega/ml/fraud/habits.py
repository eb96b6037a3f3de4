"""What is usual: for the shop, and for a customer who has bought before; from published gold."""

from dataclasses import dataclass, field
from uuid import UUID

from bodega.data.lake.published import read_published
from bodega.data.lake.query import open_gold
from bodega.data.lake.storage import Place

DAYS = 365
_RECENT = """
    from gold.fct_orders
    where status <> 'cancelled' and total_amount > 0
      and order_date > (select max(order_date) from gold.fct_orders) - $days
"""
SHOP = f"""
select currency, count(*) as orders, cast(quantile_disc(total_amount, 0.99) as bigint) as high
{_RECENT} group by currency
"""
CUSTOMERS = f"""
select customer_id, currency, count(*) as orders,
       cast(quantile_disc(total_amount, 0.5) as bigint) as middle,
       list(distinct country) as countries
{_RECENT} and customer_id is not null group by customer_id, currency
"""


@dataclass(frozen=True, slots=True)
class Usual:
    """`amount` in minor units: the median of a customer, the 99th percentile of the shop."""

    orders: int
    amount: int
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Habits:
    """By currency, and by customer and currency."""

    shop: dict[str, Usual] = field(default_factory=dict)
    customers: dict[tuple[UUID, str], Usual] = field(default_factory=dict)


def read_habits(lake: Place, *, days: int = DAYS) -> Habits:
    """Nothing is usual while no sale is published."""
    published = read_published(lake)
    if "fct_orders" not in published.tables:
        return Habits()
    with open_gold(lake, published.only("fct_orders")) as con:
        shop = con.execute(SHOP, {"days": days}).fetchall()
        customers = con.execute(CUSTOMERS, {"days": days}).fetchall()
    return Habits(
        shop={currency: Usual(orders, high) for currency, orders, high in shop},
        customers={
            (UUID(id_), currency): Usual(orders, middle, frozenset(filter(None, countries)))
            for id_, currency, orders, middle, countries in customers
        },
    )
