"""The import through the real modules into PostgreSQL."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.data.ingest.online_retail.load import Targets, import_online_retail
from bodega.data.ingest.online_retail.report import ImportReport
from bodega.kernel.clock import FixedClock
from tests.data.ingest.online_retail.shop import NOW, row, write

SUMS = """
select (select sum(total_amount) from orders.order_lines)
     - (select sum(total_amount) from orders.return_lines),
       (select sum(total_amount) from orders.orders)
     - (select sum(total_amount) from orders.returns),
       (select count(*) from orders.order_lines) + (select count(*) from orders.return_lines),
       (select count(*) from orders.orders
        where occurred_at <> known_at or import_batch_id is null),
       (select max(number) - min(number) + 1 - count(*) from orders.orders)
"""


def made_up(count: int) -> list[tuple[str, ...]]:
    """Rows of every kind, from one seed."""
    draw = random.Random(7)
    at = datetime(2010, 12, 1, 8)
    rows = []
    for number in range(count):
        invoice = f"{'C' if draw.random() < 0.05 else ''}{536365 + number // 12}"
        units = draw.randint(1, 40) * (-1 if invoice[0] == "C" else 1)
        code = draw.choice(("POST", "M", "BANK CHARGES", *(f"{n}A" for n in range(20_000, 20_090))))
        price = draw.choice(("0.0", "0.001", "1.25", "2.55", "14.95", "0.195"))
        customer = draw.choice(("", "17850.0", "12346.0", "13047.0"))
        moment = at + timedelta(minutes=number // 12)
        rows.append(
            row(
                invoice,
                code,
                description=f"GOOD {code}",
                quantity=units,
                price=price,
                at=f"{moment:%Y-%m-%d %H:%M:%S}",
                customer=customer,
            )
        )
    return rows


@pytest.fixture
def targets(context: Context) -> Targets:
    answers = context.container
    return Targets(
        answers.get(Identity), answers.get(Catalog), answers.get(Orders), answers.get(Inventory)
    )


async def load(targets: Targets, path: Path) -> ImportReport:
    return await import_online_retail(path, targets, report_dir=path.parent, clock=FixedClock(NOW))


async def test_the_store_holds_what_the_file_sums_to_and_again_changes_nothing(
    targets: Targets, settings: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, made_up(3000), packed=True)
    report = await load(targets, path)
    pence = report.loaded_total.amount
    lines = sum(report.categories.values()) - report.categories["stock_corrections"]
    with psycopg.connect(settings.dsn) as connection:
        first = connection.execute(SUMS).fetchone()
        again = await load(targets, path)
        second = connection.execute(SUMS).fetchone()
    assert first == (pence, pence, lines, 0, 0)
    assert second == first
    assert sum(again.new.model_dump().values()) == 0
    assert report.new.orders_and_returns == report.notes.orders + report.notes.returns


async def test_what_was_imported_can_be_bought(targets: Targets, tmp_path: Path) -> None:
    await load(targets, write(tmp_path, [row(quantity=30)]))
    product = await targets.catalog.product("white-lantern-85123a")
    assert product is not None
    variant = product.variants[0]
    assert variant.price.amount == 255
    assert await targets.inventory.available([variant.id]) == {variant.id: 30}
