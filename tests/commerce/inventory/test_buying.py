"""Suppliers, purchase orders, receipts and what should be ordered."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from bodega.contracts.forecast import DemandForecast, Forecasts
from bodega.kernel.errors import Unavailable
from bodega.kernel.ids import VariantId, new_id
from tests.commerce.inventory.desk import MAIN, Desk, units
from tests.commerce.inventory.store import Store, ledger, wrong_levels

COST = {"amount": 250, "currency": "EUR"}


@pytest.fixture
async def potter(desk: Desk) -> str:
    body = {"code": "potter", "name": "The Potter", "lead_days": 10}
    return str((await desk.post("suppliers", body))["id"])


async def bought(desk: Desk, supplier: str, *lines: dict[str, Any]) -> dict[str, Any]:
    body = {"supplier_id": supplier, "lines": lines}
    drafted: dict[str, Any] = await desk.post("purchase-orders", body)
    return drafted


async def test_a_purchase_order_is_received_in_parts_at_its_cost(
    desk: Desk, store: Store, potter: str
) -> None:
    mug, cup = VariantId(new_id()), VariantId(new_id())
    await desk.put(f"suppliers/{potter}/offers/{mug}", {"cost": COST})
    dear = {"amount": 900, "currency": "EUR"}
    drafted = await bought(desk, potter, units(mug, 6), units(cup, 2) | {"cost": dear})
    assert (drafted["status"], drafted["supplier"]) == ("draft", "The Potter")
    at = f"purchase-orders/{drafted['id']}"
    assert await desk.refused(f"{at}/receipts", {"lines": [units(mug, 1)]}) == (
        409,
        "purchase_order_state",
    )
    assert (await desk.post(f"{at}/order"))["ordered_at"]
    part = await desk.post(f"{at}/receipts", {"lines": [units(mug, 4)], "note": "one box"})
    assert part["status"] == "partially_received"
    assert await desk.refused(f"{at}/receipts", {"lines": [units(mug, 3)]}) == (
        409,
        "more_than_expected",
    )
    whole = await desk.post(f"{at}/receipts", {"lines": [units(mug, 2), units(cup, 2)]})
    assert (whole["status"], len(whole["receipts"])) == ("received", 2)
    assert whole["receipts"][0]["note"] == "one box"
    assert await store.figures(mug) == (6, 0, 6)
    assert ledger(store.settings, mug) == [(4, 0, "purchased"), (2, 0, "purchased")]
    [movement] = (await desk.get("stock-movements", variant_id=str(cup)))["items"]
    assert (movement["unit_cost"], movement["reference_id"]) == (dear, drafted["id"])
    assert wrong_levels(store.settings) == []


async def test_a_purchase_order_goes_only_where_its_state_lets_it(desk: Desk, potter: str) -> None:
    mug = VariantId(new_id())
    line = units(mug, 5) | {"cost": COST}
    drafted, other = await bought(desk, potter, line), await bought(desk, potter, line)
    assert other["number"] > drafted["number"]
    at = f"purchase-orders/{drafted['id']}"
    assert await desk.refused(f"{at}/close") == (409, "purchase_order_state")
    await desk.post(f"{at}/order")
    await desk.post(f"{at}/receipts", {"lines": [units(mug, 1)]})
    assert await desk.refused(f"{at}/cancel") == (409, "purchase_order_state")
    assert (await desk.post(f"{at}/close"))["status"] == "closed"
    await desk.post(f"purchase-orders/{other['id']}/cancel")
    listed = await desk.get("purchase-orders", status="closed")
    assert [item["id"] for item in listed["items"]] == [drafted["id"]]
    assert await desk.get(at) == listed["items"][0]


async def test_nothing_is_bought_of_strangers_or_without_a_price(desk: Desk, potter: str) -> None:
    line = units(VariantId(new_id()), 1)
    body = {"supplier_id": str(uuid4()), "lines": [line]}
    assert await desk.refused("purchase-orders", body) == (404, "supplier_not_found")
    body["supplier_id"] = potter
    assert await desk.refused("purchase-orders", body) == (400, "offer_missing")
    lost = f"purchase-orders/{uuid4()}"
    assert await desk.refused(lost, verb="GET") == (404, "purchase_order_not_found")
    assert await desk.refused(f"{lost}/order") == (404, "purchase_order_not_found")


async def test_a_variant_has_one_cost_in_an_order(desk: Desk, potter: str) -> None:
    mug = VariantId(new_id())
    cheap, dear = {"cost": COST}, {"cost": {"amount": 900, "currency": "EUR"}}
    body = {"supplier_id": potter, "lines": [units(mug, 5) | cheap, units(mug, 3) | dear]}
    assert await desk.refused("purchase-orders", body) == (400, "purchase_cost_unclear")
    same = await bought(desk, potter, units(mug, 5) | cheap, units(mug, 3) | cheap, units(mug, 1))
    assert [(line["quantity"], line["cost"]) for line in same["lines"]] == [(9, COST)]


async def test_nothing_is_ordered_where_or_from_whom_it_ended(desk: Desk, potter: str) -> None:
    shop = await desk.location("shop")
    await desk.patch(f"locations/{shop}", {"active": False})
    line = units(VariantId(new_id()), 1) | {"cost": COST}
    body = {"supplier_id": potter, "location_id": str(shop), "lines": [line]}
    assert await desk.refused("purchase-orders", body) == (409, "location_closed")
    await desk.patch(f"suppliers/{potter}", {"active": False})
    body = {"supplier_id": potter, "lines": [line]}
    assert await desk.refused("purchase-orders", body) == (409, "supplier_inactive")


async def test_goods_cost_something_that_adds_up(desk: Desk, potter: str) -> None:
    """A cost that overflows the reports would stay in the ledger for ever."""
    mug = VariantId(new_id())
    for amount in (-1, 10**12 + 1, 2**62):
        cost = {"cost": {"amount": amount, "currency": "GBP"}}
        body = {"supplier_id": potter, "lines": [units(mug, 1) | cost]}
        assert await desk.refused("purchase-orders", body) == (422, "malformed")
        offer = f"suppliers/{potter}/offers/{mug}"
        assert await desk.refused(offer, cost, "PUT") == (422, "malformed")


async def test_suppliers_are_kept_by_code(desk: Desk, potter: str) -> None:
    again = {"code": "potter", "name": "x"}
    assert await desk.refused("suppliers", again) == (409, "supplier_code_taken")
    changed = await desk.patch(f"suppliers/{potter}", {"lead_days": 3, "email": "a@b.example"})
    assert (changed["lead_days"], changed["email"], changed["name"]) == (
        3,
        "a@b.example",
        "The Potter",
    )
    assert (await desk.get("suppliers"))["items"] == [changed]
    mug = VariantId(new_id())
    offer = {"cost": COST, "pack_size": 6}
    await desk.put(f"suppliers/{potter}/offers/{mug}", {"cost": COST})
    await desk.put(f"suppliers/{potter}/offers/{mug}", offer)
    [known] = await desk.get(f"suppliers/{potter}/offers")
    assert (known["pack_size"], known["variant_id"]) == (6, str(mug))
    assert await desk.refused(f"suppliers/{uuid4()}", {"name": "x"}, "PATCH") == (
        404,
        "supplier_not_found",
    )


async def test_what_runs_low_is_suggested_in_packs_and_drafted_once(
    desk: Desk, store: Store, potter: str
) -> None:
    store.clock.at = datetime.now(UTC)
    mug, calm = await store.receive(30), await store.receive(30)
    await desk.put(
        f"suppliers/{potter}/offers/{mug}", {"cost": COST, "pack_size": 12, "min_quantity": 12}
    )
    assert await desk.get("purchase-suggestions") == []
    await store.sell({mug: 28})
    [found] = await desk.get("purchase-suggestions")
    # 28 in 28 days is one a day: ten until the delivery, fourteen to last, two are there
    assert (found["daily"], found["position"], found["reorder_point"]) == ("1.0", 2, 10)
    assert (found["quantity"], found["supplier"]) == (24, "The Potter")
    [draft] = await desk.post("purchase-suggestions/drafts")
    assert [(line["variant_id"], line["quantity"]) for line in draft["lines"]] == [(str(mug), 24)]
    assert await desk.get("purchase-suggestions") == []
    await desk.put(f"stock-levels/{calm}/{MAIN}", {"reorder_point": 30, "reorder_quantity": 40})
    [other] = await desk.get("purchase-suggestions")
    assert (other["variant_id"], other["quantity"], other["supplier"]) == (str(calm), 40, None)
    assert await desk.post("purchase-suggestions/drafts") == []


class Season:
    """A small forecast of its own: what sold last year in that time, of the goods it knows."""

    def __init__(self, known: Mapping[VariantId, Decimal]) -> None:
        self.known, self.days, self.away = known, 0, False

    async def demand(
        self, variant_ids: Sequence[VariantId], *, days: int
    ) -> Mapping[VariantId, DemandForecast]:
        self.days = days
        if self.away:
            raise Unavailable
        return {
            variant_id: DemandForecast(daily=self.known[variant_id], model="last-year")
            for variant_id in variant_ids
            if variant_id in self.known
        }


async def test_a_forecast_says_what_will_be_wanted(
    app: FastAPI, desk: Desk, store: Store, potter: str
) -> None:
    """Three a day are expected where one a day was sold; goods it does not know keep the average;
    when it does not answer, all do."""
    store.clock.at = datetime.now(UTC)
    mug, bowl = await store.receive(58), await store.receive(30)
    for variant in (mug, bowl):
        await desk.put(f"suppliers/{potter}/offers/{variant}", {"cost": COST, "pack_size": 1})
    await store.sell({mug: 28, bowl: 28})
    season = Season({mug: Decimal(3)})
    app.state.container.bind(Forecasts, season)
    found = {item["variant_id"]: item for item in await desk.get("purchase-suggestions")}
    foreseen, average = found[str(mug)], found[str(bowl)]
    # 30 are there, and three a day go in the ten days until a delivery: it is time
    assert season.days == 24
    assert (average["basis"], average["daily"]) == ("average", "1.0")
    assert (foreseen["basis"], foreseen["daily"]) == ("last-year", "3.0")
    assert (foreseen["reorder_point"], foreseen["quantity"]) == (30, 3 * 24 - 30)
    season.away = True
    [only] = await desk.get("purchase-suggestions")
    assert (only["variant_id"], only["basis"]) == (str(bowl), "average")


async def test_a_forecast_is_shared_out_as_sales_were(
    app: FastAPI, desk: Desk, store: Store, potter: str
) -> None:
    mug = await store.receive(4)
    shop = await desk.location("shop", country="GB")
    await desk.move(mug, 2, shop)
    for at in (MAIN, shop):
        await desk.put(f"stock-levels/{mug}/{at}", {"safety_stock": 1, "reorder_point": 40})
    app.state.container.bind(Forecasts, Season({mug: Decimal(2)}))
    found = await desk.get("purchase-suggestions")
    assert [item["daily"] for item in found] == ["1.0", "1.0"]  # sold nowhere yet: evenly
