"""Reports: what the stock cost, how old it is, how fast it goes, when there was none."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.commerce.inventory.service import WarehouseService
from bodega.kernel.ids import VariantId
from tests.commerce.inventory.desk import Desk, units
from tests.commerce.inventory.store import Store
from tests.kit.goods import stocked

DAY = timedelta(days=1)


@pytest.fixture
def books(store: Store) -> WarehouseService:
    return WarehouseService(store.context)


async def delivered(desk: Desk, variant: VariantId, quantity: int, cost: int) -> None:
    code = f"s{cost}"
    supplier = (await desk.post("suppliers", {"code": code, "name": code}))["id"]
    line = units(variant, quantity) | {"cost": {"amount": cost, "currency": "GBP"}}
    made = await desk.post("purchase-orders", {"supplier_id": supplier, "lines": [line]})
    await desk.post(f"purchase-orders/{made['id']}/order")
    body = {"lines": [units(variant, quantity)]}
    await desk.post(f"purchase-orders/{made['id']}/receipts", body)


async def test_stock_is_worth_what_the_last_units_cost(
    desk: Desk, store: Store, books: WarehouseService
) -> None:
    store.clock.at = datetime.now(UTC)
    mug, found = await store.receive(1), await store.receive(2)
    await delivered(desk, mug, 10, 100)
    await delivered(desk, mug, 5, 200)
    await store.send_all(await store.sell({mug: 8}))
    [first, second] = await books.valuation()
    # eight are left: five at 2.00 and three at 1.00
    assert (first.variant_id, first.units, first.uncosted) == (mug, 8, 0)
    assert str(first.value) == "13.00 GBP"
    assert (second.variant_id, second.units, second.value, second.uncosted) == (found, 2, None, 2)
    summary = await desk.get("stock-reports/summary")
    assert summary["value"] == [{"amount": 1300, "currency": "GBP"}]
    assert (summary["on_hand"], summary["uncosted"], summary["variants"]) == (10, 2, 2)


async def test_a_unit_that_came_without_a_cost_gets_no_other_units_cost(
    desk: Desk, store: Store, books: WarehouseService
) -> None:
    store.clock.at = datetime.now(UTC)
    mug = await store.receive(3)
    await delivered(desk, mug, 2, 100)
    await store.receive(4, mug)
    [row] = await books.valuation()
    assert (row.units, str(row.value), row.uncosted) == (9, "2.00 GBP", 7)
    summary = await desk.get("stock-reports/summary")
    assert (summary["value"], summary["uncosted"]) == ([{"amount": 200, "currency": "GBP"}], 7)


async def test_what_is_between_locations_is_still_ours(
    desk: Desk, store: Store, books: WarehouseService
) -> None:
    store.clock.at = datetime.now(UTC)
    mug, berlin = await store.receive(1), await desk.location("berlin")
    await delivered(desk, mug, 3, 100)
    [main] = [place for place in await desk.get("locations") if place["code"] == "main"]
    body = {"source_id": main["id"], "destination_id": str(berlin), "lines": [units(mug, 2)]}
    await desk.post("stock-transfers", body)
    [row] = await books.valuation()
    assert (row.units, str(row.value), row.uncosted) == (4, "3.00 GBP", 1)


async def test_stock_ages_first_in_first_out(store: Store, books: WarehouseService) -> None:
    start = store.clock.at
    mug = await store.receive(4)
    store.clock.at = start + 100 * DAY
    await store.receive(3, mug)
    await store.send_all(await store.sell({mug: 2}))
    store.clock.at = start + 120 * DAY
    [row] = await books.ageing()
    assert (row.units, row.days_0_30, row.days_91_180) == (5, 3, 2)
    assert row.oldest_at == start


async def test_turnover_is_what_was_sent_over_the_average_there(
    store: Store, books: WarehouseService
) -> None:
    start = store.clock.at
    mug = await store.receive(20)
    store.clock.at = start + 5 * DAY
    await store.send_all(await store.sell({mug: 10}))
    [row] = await books.turnover(since=start, until=start + 10 * DAY)
    assert (row.sent, str(row.average_on_hand), str(row.turnover)) == (10, "15.00", "0.67")
    assert str(row.days_of_stock) == "10.0"


async def test_days_without_stock_count_what_was_promised_as_gone(
    store: Store, books: WarehouseService
) -> None:
    start = store.clock.at
    mug = await store.receive(2)
    await store.receive(9)
    store.clock.at = start + 2 * DAY
    await store.sell({mug: 2})
    store.clock.at = start + 5 * DAY
    await store.receive(1, mug)
    store.clock.at = start + 9 * DAY
    await store.sell({mug: 1})
    [row] = await books.stock_outs(since=start, until=start + 10 * DAY)
    assert (row.variant_id, str(row.days), str(row.share), row.still) == (mug, "4.0", "0.400", True)


async def test_reports_come_as_tables_for_spreadsheets(
    desk: Desk, context: Context, store: Store
) -> None:
    mug = await stocked(context, 3)
    await delivered(desk, mug, 1, 150)
    await store.receive(1)
    store.execute("UPDATE catalog.products SET title = '=cmd()'")
    answer = await desk.client.get(
        "/api/v1/admin/stock-reports/valuation", params={"format": "csv"}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["title"] == "'=cmd()"
    assert (rows[0]["units"], rows[0]["value"], rows[0]["value_currency"]) == ("4", "1.50", "GBP")
    assert rows[0]["uncosted"] == "3"
    assert (rows[1]["sku"], rows[1]["value"], rows[1]["uncosted"]) == ("", "", "1")
    for name in ("ageing", "turnover", "stock-outs"):
        there = await desk.client.get(
            f"/api/v1/admin/stock-reports/{name}", params={"format": "csv"}
        )
        assert there.text.startswith("variant_id,sku,title,"), there.text
        assert isinstance(await desk.get(f"stock-reports/{name}"), list)


async def test_a_period_runs_forwards(desk: Desk) -> None:
    backwards = "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z"
    for name in ("turnover", "stock-outs"):
        for query in (backwards, "until=0001-01-01T00:00:00Z"):
            refused = await desk.refused(f"stock-reports/{name}?{query}", verb="GET")
            assert refused == (400, "period_backwards")


async def test_what_runs_low_comes_worst_first(store: Store, books: WarehouseService) -> None:
    mug, cup = await store.receive(5), await store.receive(5)
    await store.receive(50)
    store.execute("UPDATE inventory.levels SET reorder_point = 5 WHERE variant_id = %s", mug)
    store.execute("UPDATE inventory.levels SET reorder_point = 9 WHERE variant_id = %s", cup)
    assert [item.variant_id for item in await books.low()] == [cup, mug]


async def test_a_customer_reads_no_reports(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/admin/stock-reports/summary")
    assert answer.status_code == 401
