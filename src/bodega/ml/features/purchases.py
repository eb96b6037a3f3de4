"""Who bought what together: sold product lines known at an instant."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bodega.data.lake.published import Published, read_published
from bodega.data.lake.query import open_gold
from bodega.data.lake.storage import Place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]

TABLE = "fct_order_lines"
LINES = """
select order_id, coalesce(customer_id, order_id) as buyer, product_id,
    epoch_us(known_at) as known_us
from gold.fct_order_lines
where kind = 'product' and not is_return and quantity > 0
  and order_id is not null and product_id is not null and known_at <= $as_of
"""
_ROWS = 50_000


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


def data_version(lake: Place) -> dict[str, int]:
    """Of the tables that purchases are read from; empty while no sale is published."""
    table = read_published(lake).tables.get(TABLE)
    return {TABLE: table.version} if table and table.rows else {}


def read_purchases(lake: Place, *, as_of: datetime | None = None) -> Purchases | None:
    """None before the first publishing. Without `as_of`, up to the newest change published."""
    published = read_published(lake)
    if TABLE not in published.tables:
        return None
    instant = as_of or published.known_at or datetime.now(UTC)
    with open_gold(lake, published.only(TABLE)) as con:
        con.execute(LINES, {"as_of": instant})
        return _collect(iter(lambda: con.fetchmany(_ROWS), []), instant, published)


def _collect(
    batches: Iterator[list[tuple[str, str, str, int]]], as_of: datetime, published: Published
) -> Purchases:
    """Texts become codes as they come, so that memory grows by four numbers a row."""
    import numpy as np

    baskets, buyers, products = _Codes(), _Codes(), _Codes()
    rows = array("q")
    for batch in batches:
        for order_id, buyer, product_id, known_us in batch:
            rows.extend((known_us, baskets[order_id], products[product_id], buyers[buyer]))
    table = np.frombuffer(rows, dtype=np.int64).reshape(-1, 4)
    names = np.array(list(products))
    alphabet = np.argsort(names) if len(names) else np.array([], dtype=np.int64)
    place = np.argsort(alphabet)
    _, first = np.unique(table[:, 1:3], axis=0, return_index=True)
    table = table[first]
    table = table[np.lexsort((place[table[:, 2]], table[:, 1], table[:, 0]))]
    return Purchases(
        as_of=as_of,
        data={TABLE: published.tables[TABLE].version},
        products=[str(name) for name in names[alphabet]],
        basket=table[:, 1],
        buyer=table[:, 3],
        product=place[table[:, 2]],
        known_us=table[:, 0],
    )


class _Codes(dict[str, int]):
    """The next number for a text not seen before."""

    def __missing__(self, text: str) -> int:
        self[text] = number = len(self)
        return number
