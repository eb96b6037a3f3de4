"""The stock rooms of the console over a real shop: buying, moving, counting, reports."""

import re

import pytest
from fastapi import FastAPI

from bodega.backbone.module import Context
from bodega.contracts.buying import Buying
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.contracts.stockroom import Stockroom
from bodega.kernel.ids import CountId, PurchaseId, TransferId, VariantId, new_id
from bodega.kernel.page import PageRequest
from tests.kit.goods import level, stocked
from tests.web.conftest import Browser


async def sku_of(context: Context, variant_id: VariantId) -> str:
    return (await context.container.get(Catalog).sellable([variant_id]))[variant_id].sku


async def main_of(context: Context) -> str:
    return str((await context.container.get(Inventory).locations())[0].id)


def last_id(address: str) -> str:
    return address.rpartition("/")[2]


async def supplied(clerk: Browser, sku: str) -> str:
    """A supplier who offers the SKU at 2.10; the id."""
    at = "/console/suppliers"
    made = await clerk.send(at, at, name="Lisboa", code="Lisboa", lead_days="7")
    here = made.headers["location"]
    kept = await clerk.send(
        here, f"{here}/offers", sku=sku, cost="2,10", pack_size="1", min_quantity="1"
    )
    assert kept.status_code == 303, kept.text
    return last_id(here)


async def test_goods_are_ordered_and_come_in_parts(clerk: Browser, context: Context) -> None:
    mug = await stocked(context, 7)
    sku = await sku_of(context, mug)
    supplier = await supplied(clerk, sku)
    page, home = "/console/purchases/new", "/console/purchases"
    typed = {"supplier_id": supplier, "location_id": await main_of(context), "sku-0": sku}
    for wrong, said in (
        ({"units-0": ""}, "Enter a number of units"),
        ({"units-0": "3", "sku-1": "NO-SUCH", "units-1": "1"}, "Nobody knows the SKU NO-SUCH"),
        ({"units-0": "3", "units-2": "5"}, "Name the SKU in row 3"),
        ({"units-0": "3", "cost-1": "2.10"}, "Name the SKU in row 2"),
        (
            {"units-0": "3", "cost-0": "1", "sku-1": sku, "units-1": "2", "cost-1": "2"},
            "A variant has one cost in a purchase order",
        ),
        ({"units-0": "3", "cost-0": "much"}, "Enter an amount"),
        ({"units-0": "3", "expected_on": "soon"}, "Enter a day"),
    ):
        refused = await clerk.send(page, home, **{**typed, **wrong})
        assert (refused.status_code, said in refused.text) == (400, True), said
    form = {**await clerk.fields(page, home), **typed, "units-0": "10"}
    here, again = [(await clerk.post(home, form)).headers["location"] for _ in range(2)]
    assert here == again
    assert 'data-testid="costs">£21.00<' in (await clerk.get(here)).text
    assert (await clerk.send(here, f"{here}/order")).status_code == 303
    too_many = await clerk.send(here, f"{here}/receipts", **{f"units-{mug}": "11"})
    assert too_many.status_code == 409
    nothing = await clerk.send(here, f"{here}/receipts", **{f"units-{mug}": "0"})
    assert nothing.status_code == 400
    assert (await clerk.send(here, f"{here}/receipts", **{f"units-{mug}": "4"})).status_code == 303
    assert "partially received" in (await clerk.get(here)).text
    assert (await clerk.send(here, f"{here}/close")).status_code == 303
    kept = await context.container.get(Buying).purchase(PurchaseId(last_id(here)))
    assert (kept.status, kept.lines[0].cost.amount, kept.lines[0].received) == ("closed", 210, 4)
    assert (await level(context, mug)).on_hand == 11
    assert "Lisboa" in (await clerk.get(f"{home}?status=closed")).text
    value = await clerk.get("/console/reports?report=valuation")
    assert "£8.40" in value.text  # of the seven that were there nobody knows what they cost
    file = await clerk.get("/console/reports/file?report=valuation")
    assert file.headers["content-disposition"] == 'attachment; filename="stock-valuation.csv"'
    assert sku in file.text


async def test_how_a_variant_is_sold_is_set_on_its_page(clerk: Browser, context: Context) -> None:
    mug = await stocked(context, 3)
    here = f"/console/stock/{mug}"
    odd = {"min_quantity": "3", "quantity_step": "1", "limit_units": "2"}
    for wrong, said in (
        (odd, "Nobody can buy at least 3 units at once and 2 in all"),
        ({**odd, "limit_units": "", "limit_days": "7"}, "how many one customer may buy"),
        ({**odd, "limit_units": "0"}, "too small or too large"),
    ):
        refused = await clerk.send(here, f"{here}/rules", **wrong)
        assert (refused.status_code, said in refused.text) == (400, True)
    kept = {**odd, "min_quantity": "1", "max_quantity": "2", "limit_days": "30"}
    assert (await clerk.send(here, f"{here}/rules", **kept)).status_code == 303
    found = (await context.container.get(Catalog).sellable([mug]))[mug]
    assert (found.max_quantity, str(found.purchase_limit)) == (2, "2 per customer in 30 days")
    lifted = {"min_quantity": "1", "quantity_step": "1", "limit_units": "", "max_quantity": ""}
    assert (await clerk.send(here, f"{here}/rules", **lifted)).status_code == 303
    found = (await context.container.get(Catalog).sellable([mug]))[mug]
    assert (found.max_quantity, found.purchase_limit) == (None, None)
    unknown = f"/console/stock/{new_id()}/rules"
    assert (await clerk.post(unknown, await clerk.fields(here, f"{here}/rules"))).status_code == 404


async def test_what_is_suggested_becomes_an_order_in_one_click(
    clerk: Browser, context: Context
) -> None:
    mug = await stocked(context, 3)
    sku = await sku_of(context, mug)
    await supplied(clerk, sku)
    here = f"/console/stock/{mug}"
    action = re.search(rf'action="({here}/thresholds/[^"]+)"', (await clerk.get(here)).text)
    assert action
    marks = {"reorder_point": "5", "reorder_quantity": "20", "safety_stock": "0"}
    odd = await clerk.send(here, action[1], **marks, backorder="backorder", allowance="0")
    assert odd.status_code == 400
    marks |= {"backorder": "none", "allowance": "0"}
    assert (await clerk.send(here, action[1], **marks)).status_code == 303
    home = "/console/purchases"
    form = await clerk.fields(home, f"{home}/suggested")
    first, again = [await clerk.post(f"{home}/suggested", form) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"] != home
    assert sku in (await clerk.get(first.headers["location"])).text
    drafts = (await context.container.get(Buying).purchases(PageRequest())).items
    assert [draft.status for draft in drafts] == ["draft"]


async def test_units_move_to_another_location_and_what_is_lost_shows(
    clerk: Browser, context: Context
) -> None:
    mug = await stocked(context, 7)
    sku, source = await sku_of(context, mug), await main_of(context)
    places, page, home = "/console/locations", "/console/transfers/new", "/console/transfers"
    assert "one location only" in (await clerk.get(page)).text
    made = await clerk.send(places, places, name="Porto", code="porto", kind="shop", priority="5")
    assert made.status_code == 303
    taken = await clerk.send(places, places, name="Porto", code="porto", kind="shop", priority="5")
    assert taken.status_code == 409
    porto = next(p for p in await context.container.get(Inventory).locations() if p.code == "porto")
    typed = {"source_id": source, "destination_id": str(porto.id), "sku-0": sku, "units-0": "8"}
    assert (await clerk.send(page, home, **typed)).status_code == 409
    same = {**typed, "destination_id": source, "units-0": "1"}
    assert (await clerk.send(page, home, **same)).status_code == 400
    here = (await clerk.send(page, home, **{**typed, "units-0": "6"})).headers["location"]
    arrived = await clerk.send(here, f"{here}/arrivals", **{f"units-{mug}": "4"})
    assert arrived.status_code == 303
    assert (await clerk.send(here, f"{here}/close")).status_code == 303
    kept = await context.container.get(Stockroom).transfer(TransferId(last_id(here)))
    assert (kept.status, kept.lines[0].received) == ("closed", 4)
    ledger = (await clerk.get(f"/console/stock/{mug}")).text
    assert "transfer out" in ledger
    assert "porto" in (await clerk.get("/console/stock/ledger")).text
    at = f"{places}/{source}"
    closed = await clerk.send(at, at, name="Main", kind="warehouse", priority="1")
    assert closed.status_code == 409


async def test_a_shelf_is_counted_and_the_difference_posted(
    clerk: Browser, context: Context
) -> None:
    mug = await stocked(context, 7)
    sku, home = await sku_of(context, mug), "/console/counts"
    begun = await clerk.send(home, home, location_id=await main_of(context), note="Friday")
    here = begun.headers["location"]
    for wrong in ({"sku": "NO-SUCH", "counted": "1"}, {"sku": sku, "counted": "-1"}):
        assert (await clerk.send(here, f"{here}/lines", **wrong)).status_code == 400
    assert (await clerk.send(here, f"{here}/lines", sku=sku, counted="5")).status_code == 303
    assert '<strong class="minus">-2</strong>' in (await clerk.get(here)).text
    form = await clerk.fields(here, f"{here}/close")
    assert (await clerk.post(f"{here}/close", form)).status_code == 303
    assert (await clerk.post(f"{here}/close", form)).status_code == 303
    assert (await level(context, mug)).on_hand == 5
    kept = await context.container.get(Stockroom).count(CountId(last_id(here)))
    assert kept.status == "closed"
    late = await clerk.post(f"{here}/lines", {**form, "sku": sku, "counted": "9"})
    assert late.status_code == 409


async def test_every_level_is_a_page_away(clerk: Browser, context: Context) -> None:
    made = [await stocked(context, 1) for _ in range(3)]
    first = (await clerk.get("/console/stock?limit=2")).text
    following = re.search(r'href="\?(cursor=[^"]+)" rel="next"', first)
    assert following
    second = (await clerk.get(f"/console/stock?limit=2&{following[1]}")).text
    shown = [f"/console/stock/{one}" for one in made]
    assert sorted(sum(at in page for page in (first, second)) for at in shown) == [1, 1, 1]
    sku = await sku_of(context, made[0])
    assert (await clerk.get(f"/console/stock/find?sku={sku}")).headers["location"] == shown[0]
    unknown = await clerk.get("/console/stock/find?sku=zz")
    assert unknown.headers["location"] == "/console/search?q=zz"


@pytest.mark.parametrize("report", ["valuation", "ageing", "turnover", "stock-outs"])
async def test_every_report_has_a_page_and_a_file(
    clerk: Browser, context: Context, report: str
) -> None:
    await stocked(context, 7)
    page = await clerk.get(f"/console/reports?report={report}&days=90")
    assert page.status_code == 200
    file = await clerk.get(f"/console/reports/file?report={report}")
    assert file.headers["content-type"].startswith("text/csv")
    assert (await clerk.get("/console/reports?report=moods")).status_code == 422


ROOMS = ("purchases", "suppliers", "transfers", "counts", "locations", "reports", "reports/file")


async def test_strangers_and_customers_stay_outside(app: FastAPI, shopper: Browser) -> None:
    stranger = Browser(app)
    for room in ROOMS:
        assert (await shopper.get(f"/console/{room}")).status_code == 403
        assert (await stranger.get(f"/console/{room}")).headers["location"].startswith("/sign-in")


async def test_nobody_elses_ids_break_a_page(clerk: Browser) -> None:
    odd = "01890000-0000-7000-8000-000000000000"
    for room in ("purchases", "suppliers", "transfers", "counts", "locations", "customers"):
        gone = await clerk.get(f"/console/{room}/{odd}")
        assert (gone.status_code, "Nothing on this shelf" in gone.text) == (404, True), room
        assert (await clerk.get(f"/console/{room}/nonsense")).status_code in (404, 422)
