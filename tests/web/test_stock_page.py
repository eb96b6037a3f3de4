"""The console's page on stock, over a real shop: what is there, and moving it with a reason."""

from uuid import uuid4

import psycopg
from fastapi import FastAPI

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.inventory import Inventory, ReservationLine
from bodega.kernel.ids import CheckoutId, CommandId, VariantId, new_id
from tests.kit.goods import level, stocked
from tests.web.conftest import Browser


async def sold(context: Context, variant_id: VariantId, quantity: int) -> None:
    stock, buyer = context.container.get(Inventory), CheckoutId(new_id())
    lines = [ReservationLine(variant_id=variant_id, quantity=quantity)]
    await stock.reserve(command_id=CommandId(new_id()), checkout_id=buyer, lines=lines)
    assert await stock.allocate(command_id=CommandId(new_id()), checkout_id=buyer)


async def test_stock_is_seen_and_what_runs_low_is_told(
    clerk: Browser, context: Context, settings: Settings
) -> None:
    mug = await stocked(context, 7)
    await sold(context, mug, 3)
    with psycopg.connect(settings.dsn) as connection:
        connection.execute("UPDATE inventory.levels SET reorder_point = 5")
    page = (await clerk.get("/console/stock")).text
    assert "1 variant runs low" in (await clerk.get("/console")).text
    assert 'data-testid="on-hand">7<' in page
    assert 'data-testid="promised">3<' in page
    assert 'data-testid="low"' in page
    assert 'data-testid="suggested"' in page
    assert page.count(f'href="/console/stock/{mug}"') == 3
    assert "books agree" in (await clerk.get("/console/stock?check=true")).text
    with psycopg.connect(settings.dsn) as connection:
        connection.execute("UPDATE inventory.levels SET on_hand = 8")
    assert 'data-testid="differences"' in (await clerk.get("/console/stock?check=true")).text


async def test_an_empty_shop_says_so(clerk: Browser) -> None:
    page = (await clerk.get("/console/stock")).text
    assert "Nothing was ever in stock." in page
    assert "Nothing is at its reorder point." in page
    assert "never in stock" in (await clerk.get(f"/console/stock/{uuid4()}")).text


async def test_staff_move_stock_with_a_reason_once(
    clerk: Browser, context: Context, settings: Settings
) -> None:
    mug = await stocked(context, 7)
    place = (await context.container.get(Inventory).locations())[0].id
    at = f"/console/stock/{mug}"
    form = {**await clerk.fields(at, at), "location_id": str(place), "quantity": "-2"}
    assert (await clerk.post(at, form)).status_code == 400
    for _ in range(2):
        moved = await clerk.post(at, {**form, "reason": "breakage"})
        assert moved.status_code == 303
    assert (await level(context, mug)).on_hand == 5
    assert "the ledger says why" in (await clerk.get(at)).text
    with psycopg.connect(settings.dsn) as connection:
        said = "SELECT reason, actor FROM inventory.movements WHERE quantity = -2"
        [(reason, actor)] = connection.execute(said).fetchall()
    assert (reason, actor.partition(":")[0]) == ("breakage", "staff")


async def test_more_than_there_is_stays(clerk: Browser, context: Context) -> None:
    mug = await stocked(context, 1)
    place = (await context.container.get(Inventory).locations())[0].id
    at = f"/console/stock/{mug}"
    typed = {"location_id": str(place), "quantity": "-2", "reason": "breakage"}
    refused = await clerk.send(at, at, **typed)
    assert refused.status_code == 409
    assert "cannot fall by 2" in refused.text


async def test_the_page_is_for_staff(app: FastAPI, shopper: Browser) -> None:
    assert (await Browser(app).get("/console/stock")).status_code in (303, 401)
    assert (await shopper.get("/console/stock")).status_code == 403
