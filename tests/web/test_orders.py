"""Orders on pages, over the real modules: a customer's own, and the desk of the console."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from bodega.apps.admin import ensure_admin
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.checkout import Checkouts
from bodega.contracts.orders import Orders, OrderView
from bodega.kernel.errors import Rejected
from bodega.kernel.ids import CheckoutId, UserId, new_id
from bodega.web.amounts import typed_money
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import wanted
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider, running_provider
from tests.kit.servers import empty_database
from tests.web.conftest import Browser

TYPED = {"email": "ada@example.com", "name": "Ada", "password": "purple river stone 42"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def settings(servers: Settings, provider: RunningProvider, tmp_path: Path) -> Iterator[Settings]:
    yield servers.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )
    empty_database(servers)


@pytest.fixture
async def ada(app: FastAPI, client: httpx.AsyncClient) -> Browser:
    browser = Browser(app)
    await browser.send("/register", "/register", **TYPED)
    return browser


@pytest.fixture
async def staff(app: FastAPI, client: httpx.AsyncClient, settings: Settings) -> Browser:
    browser = Browser(app)
    password = await ensure_admin(settings)
    await browser.send("/sign-in", "/sign-in", email=settings.admin_email, password=password)
    return browser


async def bought(context: Context, customer: UUID | None) -> OrderView:
    """Two mugs, through the whole checkout, and the event that makes the order paid."""
    variant = await stocked(context, 5)
    owner = UserId(customer) if customer else None
    cart = await filled_cart(context, variant, quantity=2, customer_id=owner)
    view = await context.container.get(Checkouts).submit(
        checkout_id=CheckoutId(new_id()), request=purchase(cart), customer_id=owner
    )
    assert view.state == "completed", view
    asked = wanted().model_copy(update={"checkout_id": view.id, "total": view.total})
    await captured(context, asked)
    order = await context.container.get(Orders).by_checkout(view.id)
    assert order is not None
    return order


async def owned(context: Context, ada: Browser, settings: Settings) -> OrderView:
    with psycopg.connect(settings.dsn) as connection:
        row = connection.execute(
            "SELECT id FROM identity.users WHERE email = 'ada@example.com'"
        ).fetchone()
    assert row
    return await bought(context, row[0])


async def test_the_desk_sends_and_takes_back(
    context: Context, ada: Browser, staff: Browser, settings: Settings
) -> None:
    order = await owned(context, ada, settings)
    own, desk = f"/account/orders/{order.id}", f"/console/orders/{order.id}"
    assert own in (await ada.get("/account")).text
    assert "allocated" in (await ada.get(own)).text
    listed = await staff.get(f"/console/orders?q={order.number}&status=allocated")
    assert desk in listed.text
    assert desk not in (await staff.get("/console/orders?q=ada@example.org&status=")).text
    sent = await staff.send(desk, f"{desk}/shipments", carrier="DHL", tracking_number="JD01<b>")
    assert sent.status_code == 303, sent.text
    page = (await ada.get(own)).text
    assert "JD01&lt;b&gt;" in page
    assert "fulfilled" in page
    step = re.search(rf'action="({desk}/shipments/[^"]+)"', (await staff.get(desk)).text)
    assert step
    assert (await staff.send(desk, step[1], step="delivered")).status_code == 303
    line = order.lines[0]
    asked = await ada.send(own, f"{own}/returns", **{f"units-{line.id}": "1", "reason": "Does"})
    assert asked.status_code == 303
    page = (await ada.get(own)).text
    assert "Return 1" in page
    back = re.search(rf'action="({desk}/returns/[^"]+)"', (await staff.get(desk)).text)
    assert back
    for decision in ("approve", "received"):
        done = await staff.send(desk, back[1], decision=decision)
        assert done.status_code == 303, done.text
    history = (await staff.get(desk)).text
    assert "return received" in history
    assert "unfit for sale" in history


async def test_an_invoice_is_a_click_away_for_its_owner(
    context: Context, ada: Browser, app: FastAPI, staff: Browser, settings: Settings
) -> None:
    order = await owned(context, ada, settings)
    own = f"/account/orders/{order.id}"
    found = re.search(r'href="([^"]+)" data-testid="paper"', (await ada.get(own)).text)
    assert found
    pdf = await ada.get(found[1])
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    console = found[1].replace("/account/", "/console/")
    assert (await staff.get(console)).content == pdf.content
    eve = Browser(app)
    await eve.send("/register", "/register", **{**TYPED, "email": "eve@example.com"})
    assert (await eve.get(found[1])).status_code == 404
    assert (await eve.get(own)).status_code == 404
    assert (await eve.get(f"/console/orders/{order.id}")).status_code == 403


async def test_what_cannot_be_done_is_said_on_the_page(context: Context, staff: Browser) -> None:
    order = await bought(context, None)
    desk = f"/console/orders/{order.id}"
    line = order.lines[0]
    over = await staff.send(desk, f"{desk}/refunds", **{f"amount-{line.id}": "999", "reason": "x"})
    assert over.status_code == 400
    assert "is left" in over.text
    empty = await staff.send(desk, f"{desk}/refunds", reason="x")
    assert empty.status_code == 400
    odd = await staff.send(desk, f"{desk}/refunds", **{f"amount-{line.id}": "ten"})
    assert "Enter an amount" in odd.text
    await staff.send(desk, f"{desk}/shipments")
    late = await staff.post(
        f"{desk}/cancellation",
        {**await staff.fields(desk, f"{desk}/refunds"), "reason": "x"},
    )
    assert (late.status_code, "take a return instead" in late.text) == (409, True)
    assert (await staff.get(f"/console/orders/{new_id()}")).status_code == 404


def test_amounts_as_people_type_them() -> None:
    assert typed_money("12,5", "EUR").amount == 1250
    assert typed_money(" 1.234 ", "KWD").amount == 1234
    assert typed_money("500", "JPY").amount == 500
    for odd in ("", "1.234", "NaN", "1e99", "1,000.50"):
        with pytest.raises(Rejected):
            typed_money(odd, "EUR")
