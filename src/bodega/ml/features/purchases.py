"""Who bought what together: sold product lines known at an instant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bodega.data.lake.published import read_published
from bodega.data.lake.query import open_gold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]

TABLE = "fct_order_lines"
_LINES = f"""
select order_id, coalesce(customer_id, order_id) as buyer, product_id, min(known_at) as known_at
from gold.{TABLE}
where kind = 'product' and not is_return and quantity > 0
  and order_id is not null and product_id is not null and known_at <= $as_of
group by all
"""  # noqa: S608 - no value of others in it
_CODES = f"""
select dense_rank() over (order by order_id) - 1 as basket,
  dense_rank() over (order by buyer) - 1 as buyer,
  dense_rank() over (order by product_id) - 1 as product,
  epoch_us(known_at) as known_us
from ({_LINES}) order by known_us, basket, product
"""  # noqa: S608
_PRODUCTS = f"select distinct product_id from ({_LINES}) order by product_id"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Purchases:
    """Parallel arrays, one entry a product of an order, oldest first. `product` points into
    `products`; `data` names the Delta version of every table read."""

    as_of: datetime
    data: dict[str, int]
    products: list[str]
    basket: "Codes"
    buyer: "Codes"
    product: "Codes"
    known_us: "Codes"

    def __len__(self) -> int:
        return len(self.product)

    def between(self, since_us: int, until_us: int) -> "Purchases":
        """Those known from `since_us` on and before `until_us`."""
        import numpy as np

        at = slice(*np.searchsorted(self.known_us, [since_us, until_us]))
        return Purchases(
            self.as_of,
            self.data,
            self.products,
            self.basket[at],
            self.buyer[at],
            self.product[at],
            self.known_us[at],
        )


def data_version(lake: Path) -> dict[str, int]:
    """Of the tables that purchases are read from; empty while no sale is published."""
    table = read_published(lake).tables.get(TABLE)
    return {TABLE: table.version} if table and table.rows else {}


def read_purchases(lake: Path, *, as_of: datetime | None = None) -> Purchases | None:
    """None before the first publishing. Without `as_of`, up to the newest change published."""
    published = read_published(lake)
    if TABLE not in published.tables:
        return None
    instant = as_of or published.known_at or datetime.now(UTC)
    with open_gold(lake, published) as con:
        given = {"as_of": instant}
        columns: dict[str, Any] = con.execute(_CODES, given).fetchnumpy()
        products = [row[0] for row in con.execute(_PRODUCTS, given).fetchall()]
    return Purchases(
        as_of=instant,
        data={TABLE: published.tables[TABLE].version},
        products=products,
        basket=columns["basket"],
        buyer=columns["buyer"],
        product=columns["product"],
        known_us=columns["known_us"],
    )
