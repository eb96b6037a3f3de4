"""Orders that end otherwise than planned, over the shop's own stock, prices and payments."""

from datetime import date
from decimal import Decimal

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.orders.errors import PaymentTokenMissing, RefundExceedsPayment
from bodega.commerce.payments.service import webhooks
from bodega.contracts.aftersales import (
    CancelOrder,
    CancelRest,
    EditOrder,
    LineQuantity,
    RefundLine,
    RefundOrder,
    ShipOrder,
)
from bodega.contracts.orders import Orders
from bodega.contracts.payments import Payments
from bodega.contracts.taxes import NewTaxRate, TaxCountryChange, TaxTable
from bodega.kernel.commands import Command
from bodega.kernel.ids import CommandId, new_id
from tests.commerce.orders.conftest import line_id
from tests.commerce.orders.goods import pounds
from tests.commerce.orders.whole import ACTOR, Shop, accounts, papered_tax, settings_of
from tests.commerce.payments import stripe_events as stripe
from tests.kit.doors import Doors
from tests.kit.goods import ADDRESS
from tests.kit.provider import RunningProvider


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings_of(settings, provider)


@pytest.fixture
def shop(context: Context) -> Shop:
    return Shop(context)


async def test_the_rest_of_a_parcel_leaves_stock_and_ledger_as_if_never_bought(shop: Shop) -> None:
    order = await shop.sell(3)
    some = LineQuantity(line_id=line_id(order), quantity=1)
    await shop.do("ship", order, ShipOrder(lines=[some]))
    await shop.do("cancel_rest", order, CancelRest(reason="not found on the shelf"))
    after = await shop.again(order)
    assert (after.status, await shop.stock()) == ("fulfilled", (4, 4))
    assert await shop.refunded(order) == 2 * 599
    books = await accounts(shop)
    assert (books["receivable"], -books["tax"]) == (0, await papered_tax(shop, order))
    assert books["provider_clearing"] == order.total.amount - 2 * 599


async def test_an_order_that_moves_to_another_state_bears_its_taxes(shop: Shop) -> None:
    taxes = shop.context.container.get(TaxTable)
    for region, rate in (("CA", "0.1"), ("OR", "0"), ("WA", "0.05")):
        await taxes.put_rate(
            Command(CommandId(new_id()), ACTOR),
            "US",
            NewTaxRate(
                region=region, rate=Decimal(rate), valid_from=date(2020, 1, 1), source="a test"
            ),
        )
    change = TaxCountryChange(prices_include_tax=False, collected=True)
    await taxes.change_country(Command(CommandId(new_id()), ACTOR), "US", change)
    home = ADDRESS.model_copy(
        update={"country": "US", "region": "CA", "postal_code": "94105", "city": "San Francisco"}
    )
    order = await shop.sell(3, shipping_address=home)
    net = sum((line.total - (line.tax or pounds(0))).amount for line in order.lines)
    assert order.total.amount == net + (order.tax or pounds(0)).amount > net
    far = home.model_copy(update={"region": "OR", "postal_code": "97201", "city": "Portland"})
    await shop.do("edit", order, EditOrder(shipping_address=far, reason="moved"))
    moved = await shop.again(order)
    assert (moved.total, moved.tax) == (pounds(net), pounds(0))
    assert await shop.refunded(order) == order.total.amount - net
    near = home.model_copy(update={"region": "WA", "postal_code": "98101", "city": "Seattle"})
    with pytest.raises(PaymentTokenMissing):
        await shop.do("edit", moved, EditOrder(shipping_address=near, reason="moved again"))
    paid = EditOrder(shipping_address=near, payment_token="pm_card_visa", reason="moved again")
    await shop.do("edit", moved, paid)
    last = await shop.again(order)
    assert {line.tax_rate for line in last.lines} == {Decimal("0.05")}
    books = await accounts(shop)
    assert (books["receivable"], -books["tax"]) == (0, await papered_tax(shop, order))
    assert books["provider_clearing"] == last.total.amount
    same = EditOrder(shipping_address=near.model_copy(update={"line1": "2 Pike"}), reason="flat")
    await shop.do("edit", last, same)
    assert (await shop.again(order)).lines == last.lines


async def test_an_order_whose_money_the_bank_took_back_is_cancelled_without_paying_twice(
    shop: Shop, doors: Doors
) -> None:
    order = await shop.sell(2, token="pm_card_createDispute")
    assert order.checkout_id is not None
    payment = await shop.context.container.get(Payments).payment(order.checkout_id)
    assert payment is not None
    took = (-order.total.amount,)
    for kind, status in (("created", "needs_response"), ("closed", "lost")):
        told = stripe.dispute(payment, status, moved=took)
        await stripe.send(doors.guest(), stripe.event(f"charge.dispute.{kind}", told))
    await webhooks.handle_due(shop.context)
    scratch = RefundLine(line_id=line_id(order), amount=pounds(100))
    with pytest.raises(RefundExceedsPayment, match="bank took"):
        await shop.do("refund", order, RefundOrder(lines=[scratch], reason="scratched"))
    await shop.do("cancel", order, CancelOrder(reason="charged back before it was sent"))
    after = await shop.again(order)
    assert (after.status, after.refunded) == ("cancelled", order.total)
    assert (await shop.stock(), await shop.refunded(order)) == ((5, 5), 0)
    books = await accounts(shop)
    assert (books["receivable"], books["chargebacks"]) == (0, order.total.amount)
    assert (books["tax"], await papered_tax(shop, order)) == (0, 0)


async def test_staff_are_told_of_the_limit_they_pass(shop: Shop, settings: Settings) -> None:
    order = await shop.sell(2)
    with psycopg.connect(settings.dsn) as connection:
        said = "UPDATE catalog.variants SET purchase_limit = 3, purchase_limit_days = 30"
        connection.execute(f"{said} WHERE id = %s", [shop.variant])
    one = EditOrder(quantities={line_id(order): 3}, payment_token="pm_card_visa", reason="phone")
    assert (await shop.do("edit", order, one)).warnings == []
    two = EditOrder(quantities={line_id(order): 5}, payment_token="pm_card_visa", reason="phone")
    done = await shop.do("edit", order, two)
    [warning] = done.warnings
    assert "this buyer has 5 then, the limit is 3 per customer in 30 days" in warning
    history = await shop.context.container.get(Orders).history(order.id)
    assert [entry.reason for entry in history if entry.kind == "limit_passed"] == [warning]
    fewer = EditOrder(quantities={line_id(order): 4}, reason="one less")
    assert (await shop.do("edit", order, fewer)).warnings == []
