"""Best sellers of the recent past."""

from bodega.data.lake.published import read_published
from bodega.data.lake.query import open_gold
from bodega.data.lake.storage import Place

DAYS = 30
BEST = """
select product_id, count(distinct order_id) as orders
from gold.fct_order_lines
where kind = 'product' and not is_return and product_id is not null
  and order_date > (select max(order_date) from gold.fct_order_lines) - $days
group by product_id order by orders desc, product_id limit $count
"""


def best_sellers(lake: Place, *, days: int = DAYS, count: int = 200) -> list[str]:
    """Product ids in the most orders of the last `days` of sales, best first."""
    published = read_published(lake)
    if "fct_order_lines" not in published.tables:
        return []
    with open_gold(lake, published.only("fct_order_lines")) as con:
        rows = con.execute(BEST, {"days": days, "count": count}).fetchall()
    return [row[0] for row in rows]
