"""Orders on pages, over the real modules: a customer's own, and the desk of the console."""

import re
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from bodega.apps.admin import ensure_admin
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.orders.errors import TooManyLookUps
from bodega.contracts.aftersales import AfterSales
from bodega.contracts.catalog import Catalog
from bodega.contracts.checkout import Checkouts
from bodega.contracts.orders import Orders, OrderSearch, OrderView
from bodega.kernel.errors import Rejected
from bodega.kernel.ids import CheckoutId, UserId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from bodega.web.amounts import typed_money
from bodega.web.console.order_edit import OrderSent
from bodega.web.storefront.lookup import LinkOver, NotFoundHere
from tests.commerce.orders.conftest import captured
from tests.commerce.orders.goods import wanted
from tests.kit.goods import filled_cart, purchase, stocked
from tests.kit.provider import RunningProvider
from tests.web.conftest import Browser

TYPED = {"email": "ada@example.com", "name": "Ada", "password": "purple river stone 42"}


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )


@pytest.fixture
async def ada(app: FastAPI, client: httpx.AsyncClient) -> Browser:
    browser = Browser(app)
    await browser.send("/register", "/register", **TYPED)
    return browser


async def test_an_order_that_is_not_found_is_said_on_the_page(ada: Browser) -> None:
    page = await ada.send("/orders/find", "/orders/find", number="#4711", email="ada@example.com")
    assert NotFoundHere.title in page.text


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
    assert "being packed" in (await ada.get(own)).text
    listed = await staff.get(f"/console/orders?q={order.number}&status=allocated")
    assert desk in listed.text
    assert desk not in (await staff.get("/console/orders?q=ada@example.org&status=")).text
    sent = await staff.send(desk, f"{desk}/shipments", carrier="DHL", tracking_number="JD01<b>")
    assert sent.status_code == 303, sent.text
    page = (await ada.get(own)).text
    assert "JD01&lt;b&gt;" in page
    assert ">sent</span>" in page
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
    assert "Return received" in history
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
    sent = await staff.get(f"{desk}/edit")
    assert (sent.status_code, OrderSent.title in sent.text) == (409, True)
    assert (await staff.get(f"/console/orders/{new_id()}")).status_code == 404


async def test_staff_cancel_what_is_not_sent(context: Context, staff: Browser) -> None:
    order = await bought(context, None)
    desk, line = f"/console/orders/{order.id}", order.lines[0]
    left = line.quantity - 1
    await staff.send(desk, f"{desk}/shipments", **{f"units-{line.id}": "1"})
    rest = f"{desk}/rest-cancellation"
    none = await staff.send(desk, rest, **{f"drop-{line.id}": "0", "reason": "lost"})
    assert (none.status_code, "how many units are not sent" in none.text) == (400, True)
    sent = await staff.send(desk, rest, **{f"drop-{line.id}": str(left), "reason": "lost"})
    assert sent.status_code == 303, sent.text
    page = (await staff.get(desk)).text
    assert f"({left} cancelled)" in page
    assert "Cancel what is not sent" not in page
    after = await context.container.get(Orders).order(order.id)
    assert after
    assert (after.status, after.refunded) == ("fulfilled", line.unit_price * left)


async def test_an_order_is_edited_and_the_difference_settled(
    context: Context, staff: Browser
) -> None:
    order = await bought(context, None)
    desk, line = f"/console/orders/{order.id}", order.lines[0]
    edit = f"{desk}/edit"
    sku = (await context.container.get(Catalog).sellable([line.variant_id]))[line.variant_id].sku
    typed = {f"units-{line.id}": "1", "sku-0": sku, "units-0": "3", "reason": "asked by phone"}
    assert order.shipping_address
    typed |= {**order.shipping_address.model_dump(), "line1": "2 Low Road"}
    dearer = await staff.send(edit, edit, **typed)
    assert dearer.status_code == 400
    assert "choose what to charge" in dearer.text
    assert 'value="2 Low Road"' in dearer.text
    unknown = await staff.send(edit, edit, **{**typed, "sku-0": "NO-SUCH"})
    assert "Nobody knows the SKU NO-SUCH" in unknown.text
    nameless = await staff.send(edit, edit, **{**typed, "sku-0": ""})
    assert "Name the SKU in row 1" in nameless.text
    paid = await staff.send(edit, edit, **typed, payment_token="pm_card_visa")
    assert paid.status_code == 303, paid.text
    page = (await staff.get(desk)).text
    assert "2 Low Road" in page
    assert "asked by phone" in page
    after = await context.container.get(Orders).order(order.id)
    assert after
    assert sum(one.quantity for one in after.lines if one.kind == "product") == 4
    form = await staff.fields(edit, edit)
    await staff.send(desk, f"{desk}/shipments")
    closed = await staff.get(edit)
    assert (closed.status_code, OrderSent.title in closed.text) == (409, True)
    late = await staff.post(edit, {**form, **typed})
    assert late.status_code == 409


async def test_staff_take_a_guests_goods_back_in_exchange_for_others(
    context: Context, staff: Browser
) -> None:
    order = await bought(context, None)
    desk, line = f"/console/orders/{order.id}", order.lines[0]
    new, returns = f"{desk}/returns/new", f"{desk}/returns"
    assert "Nothing can come back" in (await staff.get(new)).text
    other = await stocked(context, 5)
    sku = (await context.container.get(Catalog).sellable([other]))[other].sku
    parcel = {f"units-{line.id}": "1", "carrier": "DHL"}
    assert (await staff.send(desk, f"{desk}/shipments", **parcel)).status_code == 303
    assert "partially fulfilled" in (await staff.get(desk)).text
    wrong = await staff.send(new, returns, **{f"units-{line.id}": "0", "reason": "x"})
    assert wrong.status_code == 400
    typed = {f"units-{line.id}": "1", f"exchange-{line.id}": sku, "reason": "Does not fit"}
    assert (await staff.send(new, returns, **typed)).status_code == 303
    listed = (await staff.get("/console/returns?status=requested")).text
    assert f"{desk}#return-1" in listed
    assert desk not in (await staff.get("/console/returns?status=closed")).text
    [item] = await context.container.get(AfterSales).returns_of(order.id)
    at = f"{returns}/{item.id}"
    assert "damaged" in (await staff.send(desk, at, note="no button")).text
    for decision in ({"decision": "approve"}, {"decision": "received", f"arrived-{line.id}": "1"}):
        done = await staff.send(desk, at, **decision)
        assert done.status_code == 303, done.text
    over = await staff.send(desk, at, decision="settle", **{f"off-{line.id}": "9"})
    assert over.status_code == 400
    more = await staff.send(desk, at, decision="settle", **{f"back-{line.id}": "999.00"})
    assert "is left" in more.text
    settled = await staff.send(desk, at, decision="settle", **{f"off-{line.id}": "1"})
    assert settled.status_code == 303, settled.text
    page = (await staff.get(desk)).text
    assert "0 restocked, 1 written off" in page
    assert "The order sent in exchange" in page
    elsewhere = f"/console/orders/{new_id()}/returns/{item.id}"
    gone = await staff.post(elsewhere, {**await staff.fields(desk, f"{desk}/refunds")})
    assert gone.status_code == 404


async def test_what_was_found_is_exported_and_a_number_leads_straight_to_it(
    context: Context, staff: Browser, app: FastAPI
) -> None:
    order = await bought(context, None)
    file = await staff.get(f"/console/orders/export?q={order.number}")
    assert file.headers["content-disposition"] == 'attachment; filename="orders.csv"'
    assert order.lines[0].sku in file.text
    assert order.lines[0].sku not in (await staff.get("/console/orders/export?q=0")).text
    assert (await Browser(app).get("/console/orders/export")).status_code == 303
    assert (await staff.get("/console/orders?since=2999-01-01")).text.count("No order matches") == 1
    assert (await staff.get("/console/orders?since=2026-02-31")).status_code == 400
    led = await staff.get(f"/console/search?q={order.number}")
    assert led.headers["location"] == f"/console/orders/{order.id}"
    found = (await staff.get(f"/console/search?q={order.email}")).text
    assert f"/console/orders/{order.id}" in found
    assert "Promotions" in (await staff.get("/console/search?q=coupon")).text
    assert "Nothing found" in (await staff.get("/console/search?q=zzzz")).text


async def test_a_guest_finds_the_order_by_number_and_email(
    context: Context, app: FastAPI, client: httpx.AsyncClient, ada: Browser, settings: Settings
) -> None:
    order, own = await bought(context, None), await owned(context, ada, settings)
    guest, find = Browser(app), "/orders/find"
    assert order.email
    for number, email in ((order.number, "eve@example.com"), ("x", order.email), (own.number, "")):
        missed = await guest.send(find, find, number=str(number), email=email)
        assert missed.status_code == 404
        assert NotFoundHere.title in missed.text
    hers = await guest.send(find, find, number=str(own.number), email=str(own.email))
    assert hers.status_code == 404
    led = await guest.send(find, find, number=f"#{order.number}", email=order.email.upper())
    at = led.headers["location"]
    assert at == f"/orders/{order.checkout_id}"
    whole = (await guest.get(at)).text
    assert "High Street" in whole
    paper = re.search(rf'href="({at}/documents/[^"]+)"', whole)
    assert paper
    assert (await guest.get(paper[1])).content.startswith(b"%PDF")
    stranger = Browser(app)
    assert (await stranger.get(paper[1])).status_code == 404
    over = await stranger.get("/orders/open?pass=made-up")
    assert over.status_code == 404
    assert LinkOver.title in over.text
    page = (await stranger.get(at)).text
    assert f"Order {order.number}" in page
    assert order.email not in page
    assert "High Street" not in page
    assert (await guest.get(f"/orders/{own.checkout_id}")).status_code == 404
    assert (await ada.get(f"/orders/{own.checkout_id}")).headers["location"].startswith("/account")
    tries = [await guest.send(find, find, number="1", email="e@example.com") for _ in range(12)]
    assert tries[-1].status_code == 429
    assert TooManyLookUps.title in tries[-1].text


async def test_a_guest_sends_goods_back_from_the_link_in_the_mail(
    context: Context, app: FastAPI, client: httpx.AsyncClient, staff: Browser
) -> None:
    order = await bought(context, None)
    opens = await context.container.get(Orders).issue_pass(order.id)
    guest, at = Browser(app), f"/orders/{order.checkout_id}"
    led = await guest.get(f"/orders/open?pass={opens.token}")
    assert led.headers["location"] == at
    desk = f"/console/orders/{order.id}"
    assert (await staff.send(desk, f"{desk}/shipments")).status_code == 303
    asked = await guest.send(at, f"{at}/returns", **{f"units-{order.lines[0].id}": "1"})
    assert asked.headers["location"] == at
    [wish] = await context.container.get(AfterSales).returns_of(order.id)
    assert wish.status == "requested"
    assert wish.lines[0].exchange_variant_id is None
    kept = await guest.send(at, f"{at}/returns/{wish.id}/withdrawal")
    assert kept.headers["location"] == at
    [wish] = await context.container.get(AfterSales).returns_of(order.id)
    assert wish.status == "withdrawn"
    line = order.lines[0]
    swap = {f"units-{line.id}": "1", f"instead-{line.id}": str(line.variant_id)}
    assert "the same again" in (await guest.get(at)).text
    assert (await guest.send(at, f"{at}/returns", **swap)).headers["location"] == at
    again = (await context.container.get(AfterSales).returns_of(order.id))[-1]
    assert again.lines[0].exchange_variant_id == line.variant_id
    other = await bought(context, None)
    form = {"csrf_token": "", f"units-{other.lines[0].id}": "1"}
    foreign = await guest.post(f"/orders/{other.checkout_id}/returns", form)
    assert foreign.status_code in (403, 404)
    assert await context.container.get(AfterSales).returns_of(other.id) == []


async def test_a_guest_pays_what_a_dearer_exchange_costs_more_and_the_bank_asks(
    context: Context, app: FastAPI, client: httpx.AsyncClient, staff: Browser
) -> None:
    order = await bought(context, None)
    opens = await context.container.get(Orders).issue_pass(order.id)
    guest, at, desk = Browser(app), f"/orders/{order.checkout_id}", f"/console/orders/{order.id}"
    await guest.get(f"/orders/open?pass={opens.token}")
    await staff.send(desk, f"{desk}/shipments")
    dearer = await stocked(context, 1, price=Money(amount=900, currency="GBP"))
    goods = await context.container.get(Catalog).sellable([dearer])
    wish = {f"units-{order.lines[0].id}": "1", f"exchange-{order.lines[0].id}": goods[dearer].sku}
    await staff.send(f"{desk}/returns/new", f"{desk}/returns", **wish)
    [asked] = await context.container.get(AfterSales).returns_of(order.id)
    for decision in ("approve", "received"):
        await staff.send(desk, f"{desk}/returns/{asked.id}", decision=decision)
    settle = {"decision": "settle", "payment_token": "buyer"}
    begun = await staff.send(desk, f"{desk}/returns/{asked.id}", **settle)
    assert begun.status_code == 303, begun.text
    assert "waits for its buyer to pay £3.01" in (await staff.get(desk)).text
    assert "£3.01 to pay" in (await guest.get(at)).text
    refused = await guest.send(at, f"{at}/payment", payment_token="pm_card_chargeDeclined")
    assert refused.headers["location"] == at
    assert "You can try 4 more cards" in (await guest.get(at)).text
    pays = await guest.send(at, f"{at}/payment", payment_token="pm_card_authenticationRequired")
    assert pays.headers["location"] == f"{at}/payment"
    bank = re.search(r'href="([^"]+)" rel="noreferrer"', (await guest.get(f"{at}/payment")).text)
    assert bank
    async with httpx.AsyncClient() as browser:
        sent = await browser.post(bank[1], data={"outcome": "authorise"})
    assert sent.headers["location"].startswith(f"http://shop.test{at}/payment/return")
    assert "Pay with another card instead" in (await guest.get(at)).text
    back = await guest.get(f"{at}/payment/return")
    assert back.headers["location"] == at
    [closed] = await context.container.get(AfterSales).returns_of(order.id)
    assert closed.status == "closed"
    assert closed.exchange_order_id is not None
    assert "to pay" not in (await guest.get(at)).text


async def test_a_customer_leaves_the_order_as_it_is(
    context: Context, ada: Browser, staff: Browser, settings: Settings
) -> None:
    order = await owned(context, ada, settings)
    own, edit = f"/account/orders/{order.id}", f"/console/orders/{order.id}/edit"
    typed = {f"units-{order.lines[0].id}": "3", "reason": "one more", "payment_token": "buyer"}
    assert order.shipping_address
    typed |= order.shipping_address.model_dump()
    begun = await staff.send(edit, edit, **typed)
    assert begun.status_code == 303, begun.text
    left = await ada.send(own, f"{own}/payment/cancellation")
    assert left.headers["location"] == own
    assert "to pay" not in (await ada.get(own)).text
    [change] = await context.container.get(AfterSales).operations(order.id)
    assert change.state == "failed"


async def test_a_state_is_asked_for_where_taxes_go_by_it(
    context: Context, app: FastAPI, client: httpx.AsyncClient, ada: Browser, settings: Settings
) -> None:
    """And a customer's last address stands in the form."""
    await owned(context, ada, settings)
    await stocked(context, 5)
    product = (await context.container.get(Catalog).products(PageRequest(limit=1))).items[0].slug
    await ada.send(f"/products/{product}", f"/products/{product}/cart", quantity="1")
    form = (await ada.get("/checkout")).text
    assert 'value="1 High Street"' in form
    assert 'id="f-region"' not in form
    guest = Browser(app)
    await guest.send(f"/products/{product}", f"/products/{product}/cart", quantity="1")
    typed = {"email": "gil@example.com", "name": "Gil", "line1": "1 Market St", "city": "Austin"}
    typed |= {"country": "US", "payment_token": "pm_card_visa", "expected_amount": ""}
    for region in ("", "ON"):
        asked = await guest.send("/checkout", "/checkout", **typed, region=region)
        assert asked.status_code == 422
        assert "Choose the state or province" in asked.text
    bought_there = await guest.send("/checkout", "/checkout", **typed, region="TX")
    assert bought_there.status_code == 303, bought_there.text
    [latest] = (
        await context.container.get(Orders).search(
            PageRequest(limit=1), OrderSearch(email="gil@example.com")
        )
    ).items
    assert latest.shipping_address
    assert latest.shipping_address.region == "TX"


def test_amounts_as_people_type_them() -> None:
    assert typed_money("12,5", "EUR").amount == 1250
    assert typed_money(" 1.234 ", "KWD").amount == 1234
    assert typed_money("500", "JPY").amount == 500
    for odd in ("", "1.234", "NaN", "1e99", "1,000.50"):
        with pytest.raises(Rejected):
            typed_money(odd, "EUR")
