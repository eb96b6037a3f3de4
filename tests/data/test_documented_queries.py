"""Queries that the page of marts hands out do what it says of them."""

import re
from datetime import date
from pathlib import Path

import duckdb

PAGE = Path(__file__).parents[2] / "docs" / "marts.md"
MOVED = """create schema gold; create table gold.fct_stock_movements as select * from (values
    ('stock:main', 'cup', date '2026-03-01', 10), ('stock:main', 'cup', date '2026-03-01', -3),
    ('stock:main', 'cup', date '2026-04-02', -2), ('stock:shop', 'cup', date '2026-03-31', 4)
) t(location_key, variant_id, movement_date, quantity)"""


def test_stock_of_any_day_is_asked_of_its_movements() -> None:
    page = PAGE.read_text().partition("Stock at the end of any day")[2]
    on_a_day, by_day = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)[:2]
    with duckdb.connect() as con:
        con.execute(MOVED)
        assert sorted(con.execute(on_a_day).fetchall()) == [
            ("stock:main", "cup", 7),
            ("stock:shop", "cup", 4),
        ]
        found = con.execute(f"select * from ({by_day}) order by all").fetchall()
    first, second = date(2026, 3, 1), date(2026, 4, 2)
    assert found == [
        ("stock:main", "cup", first, date(2026, 4, 1), 7),
        ("stock:main", "cup", second, None, 5),
        ("stock:shop", "cup", date(2026, 3, 31), None, 4),
    ]
