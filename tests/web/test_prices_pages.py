"""Promotions, taxes, delivery and exchange rates in the console, over a real shop."""

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from bodega.backbone.module import Context
from bodega.contracts.catalog import Catalog
from bodega.contracts.promotions import PromotionChange, Promotions
from bodega.contracts.shipping import DeliveryZones
from bodega.contracts.taxes import TaxTable
from bodega.kernel.commands import Command
from bodega.kernel.ids import CommandId, new_id
from bodega.kernel.page import PageRequest
from tests.kit.goods import stocked
from tests.web.conftest import Browser

NEW = "/console/promotions/new?kind=percentage"
SPRING = {"title": "Spring", "percent": "12.5", "how": "codes", "priority": "100"}


async def test_a_promotion_is_made_once_given_codes_and_switched_off(
    clerk: Browser, context: Context
) -> None:
    form = {**await clerk.fields(NEW, "/console/promotions"), **SPRING}
    first, again = [await clerk.post("/console/promotions", form) for _ in range(2)]
    at = first.headers["location"]
    assert again.headers["location"] == at
    made = await clerk.send(at, f"{at}/coupons", codes="spring10 SPRING20", total_limit="1")
    assert made.status_code == 303
    page = (await clerk.get(at)).text
    assert "SPRING10" in page
    assert "0 of 1" in page
    assert (await clerk.send(at, f"{at}/coupons/SPRING10", active="off")).status_code == 303
    assert (await clerk.send(at, f"{at}/state", active="off")).status_code == 303
    assert 'data-testid="state"><span class="pill">off<' in (await clerk.get(at)).text
    [kept] = (await context.container.get(Promotions).promotions(PageRequest())).items
    assert (kept.title, str(kept.percent), kept.active) == ("Spring", "12.50", False)
    assert "Spring" in (await clerk.get("/console/promotions")).text


async def test_a_promotion_for_some_goods_with_limits(clerk: Browser, context: Context) -> None:
    await stocked(context, 3)
    products = await context.container.get(Catalog).products(PageRequest())
    page = "/console/promotions/new?kind=fixed"
    typed = {
        "title": "Mugs",
        "discount_amount": "2.50",
        "skus": products.items[0].variants[0].sku,
        "priority": "10",
        "how": "automatic",
    }
    typed |= {"total_limit": "5", "starts_at": "2026-01-01T00:00", "exclusive": "yes"}
    made = await clerk.send(page, "/console/promotions", **typed)
    assert made.status_code == 303, made.text
    [kept] = (await context.container.get(Promotions).promotions(PageRequest())).items
    assert (kept.discount_amount, kept.total_limit, kept.exclusive) == (250, 5, True)
    assert len(kept.product_ids) == 1
    assert kept.automatic


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"percent": "140"}, "Enter a smaller number"),
        ({"percent": "many"}, "Enter a number such as 12.5"),
        ({"title": ""}, "Fill this in"),
        ({"skus": "NO-SUCH"}, "Nobody knows the SKU NO-SUCH"),
        ({"total_limit": "1.5"}, "Enter a whole number"),
        (
            {"starts_at": "2026-02-01T00:00", "ends_at": "2026-01-01T00:00"},
            "ends after it starts",
        ),
        ({"starts_at": "soon"}, "Enter day and time"),
        ({"kind": "gift"}, "Nothing has changed"),
        ({"how": ""}, "arrived damaged"),
    ],
    ids=["much", "word", "title", "sku", "limit", "window", "day", "kind", "how"],
)
async def test_what_is_wrong_with_a_promotion_is_said_and_nothing_is_lost(
    clerk: Browser, typed: dict[str, str], said: str
) -> None:
    sent = {**SPRING, "percent": "10", **typed}
    refused = await clerk.send(NEW, "/console/promotions", **sent)
    assert refused.status_code in (400, 422)
    assert said in refused.text
    if "kind" not in typed and "title" not in typed:
        assert 'value="Spring"' in refused.text


async def test_an_end_that_was_left_alone_keeps_its_seconds(
    clerk: Browser, context: Context
) -> None:
    at = (await clerk.send(NEW, "/console/promotions", **SPRING)).headers["location"]
    offers, end = context.container.get(Promotions), datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
    [made] = (await offers.promotions(PageRequest())).items
    await offers.change(Command(CommandId(new_id()), "t"), made.id, PromotionChange(ends_at=end))
    typed = {"title": "Summer", "priority": "5", "ends_at": "2027-01-31T23:59"}
    assert (await clerk.send(at, at, **typed)).status_code == 303
    kept = await offers.promotion(made.id)
    assert (kept.title, kept.ends_at) == ("Summer", end)


async def test_a_taken_code_is_said_on_the_page(clerk: Browser) -> None:
    at = (await clerk.send(NEW, "/console/promotions", **SPRING)).headers["location"]
    await clerk.send(at, f"{at}/coupons", codes="TWICE")
    refused = await clerk.send(at, f"{at}/coupons", codes="TWICE")
    assert refused.status_code == 409
    assert "TWICE already" in refused.text


async def test_a_country_is_collected_and_has_a_rate_of_ones_own(
    clerk: Browser, context: Context
) -> None:
    assert "United Kingdom" in (await clerk.get("/console/taxes?country=king")).text
    at = "/console/taxes/US"
    assert (await clerk.send(at, at, collected="yes", prices="exclusive")).status_code == 303
    typed = {"rate": "7.25", "tax_class": "standard", "region": "ca", "source": "CDTFA, 2026"}
    assert (await clerk.send(at, f"{at}/rates", **typed)).status_code == 303
    page = (await clerk.get(at)).text
    assert "7.25%" in page
    assert "CDTFA, 2026" in page
    kept = await context.container.get(TaxTable).country("US")
    assert (kept.collected, kept.prices_include_tax) == (True, False)
    [own] = [rate for rate in kept.rates if rate.id]
    removal = f"{at}/rates/{own.id}/removal"
    assert (await clerk.send(at, removal)).status_code == 303
    assert "CDTFA" not in (await clerk.get(at)).text
    assert (await clerk.send(at, f"{at}/rates", **{**typed, "rate": "120"})).status_code == 400
    assert (await clerk.send(at, f"{at}/rates", **{**typed, "source": ""})).status_code == 422


async def test_zones_and_ways_to_send_are_made_and_changed(
    clerk: Browser, context: Context
) -> None:
    home = "/console/delivery"
    made = await clerk.send(home, f"{home}/zones", name="Isles", countries="GB")
    assert made.status_code == 303
    [zone] = [z for z in await context.container.get(DeliveryZones).zones() if z.name == "Isles"]
    page, action = f"{home}/zones/{zone.id}/methods/new", f"{home}/zones/{zone.id}/methods"
    terms = {"name": "Boat", "basis": "weight", "min_days": "3", "max_days": "6", "position": "0"}
    tiers = {"up_to-0": "2,5", "price-0": "4.50", "up_to-1": "", "price-1": "9"}
    assert (await clerk.send(page, action, **terms)).status_code == 400
    assert (await clerk.send(page, action, **terms, **tiers)).status_code == 303
    [zone] = [z for z in await context.container.get(DeliveryZones).zones() if z.name == "Isles"]
    [boat] = zone.methods
    assert [(t.up_to, t.price_amount) for t in boat.tiers] == [(2500, 450), (None, 900)]
    at = f"{home}/methods/{boat.id}"
    assert 'value="2.5"' in (await clerk.get(at)).text
    backwards = await clerk.send(at, at, **{**terms, "max_days": "1"}, **tiers)
    assert backwards.status_code == 400
    assert "not fewer than the least" in backwards.text
    assert (await clerk.send(at, at, **terms, **tiers)).status_code == 303
    assert "off" in (await clerk.get(home)).text
    gone = await clerk.get(f"{home}/methods/{zone.id}")
    assert gone.status_code == 404


async def test_a_postcode_of_two_countries_is_no_zone(clerk: Browser) -> None:
    home = "/console/delivery"
    typed = {"name": "Odd", "countries": ["GB", "IE"], "postal_prefixes": "IV"}
    refused = await clerk.send(home, f"{home}/zones", **typed)
    assert refused.status_code == 400
    assert "exactly one country" in refused.text


async def test_a_rate_is_entered_with_its_day_and_source(clerk: Browser) -> None:
    at = "/console/rates"
    typed = {"base": "GBP", "quote": "USD", "rate": "1.2741", "day": "2026-11-20"}
    assert (await clerk.send(at, at, **typed)).status_code == 400
    assert (await clerk.send(at, at, **typed, source="the bank")).status_code == 303
    page = (await clerk.get(f"{at}?base=GBP")).text
    assert "1.2741 USD" in page
    assert "20 Nov 2026" in page
    same = {**typed, "quote": "GBP", "source": "x"}
    assert "Choose another currency" in (await clerk.send(at, at, **same)).text


ROOMS = ("promotions", "promotions/new", "taxes", "taxes/GB", "delivery", "rates", "customers")


@pytest.mark.parametrize("room", ROOMS)
async def test_strangers_and_customers_stay_outside(
    app: FastAPI, shopper: Browser, room: str
) -> None:
    assert (await shopper.get(f"/console/{room}")).status_code == 403
    assert (await Browser(app).get(f"/console/{room}")).headers["location"].startswith("/sign-in")


async def test_a_form_without_its_token_changes_nothing(clerk: Browser, shopper: Browser) -> None:
    refused = await clerk.post("/console/promotions", {**SPRING, "kind": "percentage"})
    assert refused.status_code == 403
    assert "out of date" in refused.text
    assert (await shopper.post("/console/promotions", SPRING)).status_code == 403
