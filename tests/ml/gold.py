"""A published lake with order lines of one's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import duckdb
import pyarrow as pa

from bodega.data.lake.publish import GoldTable, publish
from bodega.data.lake.published import read_published, replace_published

SPACE = UUID(int=7)
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 12, 31, tzinfo=UTC)


def product(name: str) -> UUID:
    return uuid5(SPACE, name)


@dataclass(frozen=True)
class Sale:
    """One line; `day` counts from START."""

    order: str
    product: str
    day: float = 0
    customer: str | None = None
    kind: str = "product"
    is_return: bool = False

    def values(self) -> tuple[object, ...]:
        at = START + timedelta(days=self.day)
        sign = -1 if self.is_return else 1
        given = str(product(self.product)) if self.kind == "product" else None
        return (self.order, self.customer, given, self.kind, self.is_return, sign, at.date(), at)


def publish_sales(lake: Path, sales: Iterable[Sale]) -> None:
    """Publish exactly these; readers see them at once."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("create schema gold")
        con.execute(
            "create table gold.fct_order_lines (order_id varchar, customer_id varchar,"
            " product_id varchar, kind varchar, is_return boolean, quantity bigint,"
            " order_date date, known_at timestamptz)"
        )
        columns = list(zip(*(sale.values() for sale in sales), strict=True))
        if columns:  # row by row takes a second for a thousand
            names = [f"c{at}" for at in range(len(columns))]
            con.register("told", pa.table(columns, names=names))
            con.execute("insert into gold.fct_order_lines select * from told")
        publish(con, lake, [GoldTable("fct_order_lines")], known_at=END, position=1)


def lose_another_table(lake: Path) -> None:
    """The published set names one more, which cannot be opened."""
    published = read_published(lake)
    [table] = published.tables.values()
    lost = {**published.tables, "dim_lost": table}
    replace_published(lake, published.model_copy(update={"tables": lost}))


def pairs(count: int, *, noise: int = 0) -> list[Sale]:
    """`count` baskets a day apart, each of two things that belong together; best sellers differ."""
    sales = []
    for number in range(count):
        pair = number * 7 % 20
        order = f"o{number:05d}"
        sales += [
            Sale(order, f"p{pair}-a", day=number / 20),
            Sale(order, f"p{pair}-b", day=number / 20),
        ]
        if noise and number % noise == 0:
            sales.append(Sale(order, "best seller", day=number / 20))
    return sales
