"""Cancelling, editing, refunding: what is settled, what is papered, what crashes on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bodega.commerce.orders.errors import (
    AddressCountryDiffers,
    EditEmpty,
    LineNamedTwice,
    LineNotFound,
    LineRefunded,
    OperationKeyReused,
    OrderNotCancellable,
    OrderNotEditable,
    PaymentTokenMissing,
    RefundExceedsLine,
    RefundExceedsPayment,
    VariantNotSold,
)
from bodega.contracts.aftersales import (
    Addition,
    CancelOrder,
    EditOrder,
    RefundLine,
    RefundOrder,
    ShipOrder,
)
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import (
    CheckoutId,
    CommandId,
    OperationId,
    OrderLineId,
    VariantId,
    derived_id,
    new_id,
)
from tests.commerce.orders.conftest import Desk, captured, line_id
from tests.commerce.orders.doubles import MAIN, Killed
from tests.commerce.orders.goods import line, pounds, wanted
from tests.kit.goods import ADDRESS, stocked

CANCEL = CancelOrder(reason="changed my mind")


def taxed(quantity: int = 3, price: int = 600) -> OrderLine:
    total = price * quantity
    return line(quantity, price).model_copy(
        update={"tax": pounds(total // 6), "tax_rate": Decimal("0.2")}
    )


async def variant(desk: Desk, price: int, units: int) -> VariantId:
    """A variant of the catalogue with free units on hand."""
    made = await stocked(desk.context_of_catalog, 0, price=pounds(price))
    desk.stock.on_hand[made, MAIN] += units
    return made


async def resumed(desk: Desk) -> None:
    desk.clock.at += timedelta(minutes=10)
    await desk.after.resume()


# cancelling


async def test_a_cancelled_order_gives_everything_back(desk: Desk) -> None:
    order = await desk.sold(taxed())
    done = await desk.do("cancel", order, CANCEL)
    assert done.state == "done"
    after = await desk.again(order)
    assert (after.status, after.refunded) == ("cancelled", order.total)
    assert desk.payments.refunded() == order.total.amount
    assert not desk.stock.promised
    assert await desk.papers(order) == [("INV-000001", 300, 1800), ("CRN-000001", 300, 1800)]


async def test_what_was_sent_or_not_paid_is_not_cancelled(desk: Desk) -> None:
    order = await desk.sold(line(2))
    await desk.do("ship", order, ShipOrder())
    with pytest.raises(OrderNotCancellable):
        await desk.do("cancel", order, CANCEL)
    placed = await desk.orders.place(command_id=CommandId(new_id()), request=wanted())
    pending = await desk.orders.order(placed.order_id)
    assert pending is not None
    with pytest.raises(OrderNotCancellable):
        await desk.do("cancel", pending, CANCEL)


async def test_a_refund_the_provider_refuses_leaves_the_order_alone(desk: Desk) -> None:
    order = await desk.sold(line(2))
    desk.payments.refuses = True
    failed = await desk.do("cancel", order, CANCEL)
    assert (failed.state, failed.failure_code) == ("failed", "refund_failed")
    assert (await desk.again(order)).status == "allocated"
    assert desk.stock.promised


@pytest.mark.parametrize("call", ["refund", "release"])
@pytest.mark.parametrize("how", ["dead", "lost"])
async def test_a_crash_while_cancelling_refunds_once(desk: Desk, call: str, how: str) -> None:
    order, id = await desk.sold(line(2)), OperationId(new_id())
    getattr(desk.weather, how).add(call)
    if how == "dead":
        with pytest.raises(Killed):
            await desk.do("cancel", order, CANCEL, id=id)
    else:
        assert (await desk.do("cancel", order, CANCEL, id=id)).state == "running"
    await resumed(desk)
    assert (await desk.again(order)).status == "cancelled"
    assert desk.payments.refunded() == order.total.amount
    assert (await desk.do("cancel", order, CANCEL, id=id)).state == "done"
    with pytest.raises(OperationKeyReused):
        await desk.do("cancel", order, CancelOrder(reason="another"), id=id)


# editing


async def test_fewer_units_are_refunded_and_let_go(desk: Desk) -> None:
    order = await desk.sold(taxed(3, 600), line(1, 500))
    edit = EditOrder(quantities={line_id(order): 1, line_id(order, 1): 0}, reason="by phone")
    assert (await desk.do("edit", order, edit)).state == "done"
    after = await desk.again(order)
    [left] = after.lines
    assert (left.quantity, left.total, left.tax) == (1, pounds(600), pounds(100))
    assert (after.total, after.subtotal) == (pounds(600), pounds(600))
    assert desk.payments.refunded() == 1700
    assert sum(desk.stock.promised.values()) == 1
    assert await desk.papers(order) == [("INV-000001", 300, 2300), ("CRN-000001", 200, 1700)]
    entry = (await desk.orders.history(order.id))[-1]
    assert (entry.kind, entry.reason) == ("edited", "by phone")


async def test_more_units_and_goods_are_charged(desk: Desk) -> None:
    order = await desk.sold(line(1, 600))
    assert order.lines[0].variant_id is not None
    desk.stock.on_hand[order.lines[0].variant_id, MAIN] += 1
    added = await variant(desk, 250, 5)
    edit = EditOrder(
        quantities={line_id(order): 2},
        additions=[Addition(variant_id=added, quantity=2)],
        payment_token="pm_card_visa",
        reason="wants more",
    )
    assert (await desk.do("edit", order, edit)).state == "done"
    after = await desk.again(order)
    assert [item.total.amount for item in after.lines] == [1200, 500]
    assert after.total == pounds(1700)
    assert desk.stock.destination == order.country
    assert order.checkout_id is not None
    charge = CheckoutId(derived_id(order.checkout_id, "edit:1"))
    assert desk.payments.paid[charge].amount == pounds(1100)
    assert await desk.papers(order) == [("INV-000001", 0, 600), ("INV-000002", 0, 1100)]
    await captured(desk.context, wanted().model_copy(update={"checkout_id": charge}))
    await desk.do("cancel", after, CANCEL)
    assert desk.payments.refunded() == 1700


async def test_an_address_moves_within_its_country(desk: Desk) -> None:
    order = await desk.sold(line(1))
    near = ADDRESS.model_copy(update={"line1": "2 Low Street"})
    await desk.do("edit", order, EditOrder(shipping_address=near, reason="moved"))
    after = await desk.again(order)
    assert after.shipping_address == near
    assert after.total == order.total
    far = ADDRESS.model_copy(update={"country": "DE"})
    with pytest.raises(AddressCountryDiffers):
        await desk.do("edit", order, EditOrder(shipping_address=far, reason="moved"))


async def test_edits_that_cannot_be(desk: Desk) -> None:
    order = await desk.sold(line(2))
    added = await variant(desk, 250, 5)
    more = Addition(variant_id=added, quantity=1)
    asked = [
        (EditEmpty, EditOrder(reason="x")),
        (EditEmpty, EditOrder(quantities={line_id(order): 0}, reason="x")),
        (LineNotFound, EditOrder(quantities={OrderLineId(new_id()): 1}, reason="x")),
        (PaymentTokenMissing, EditOrder(additions=[more], reason="x")),
        (
            VariantNotSold,
            EditOrder(additions=[Addition(variant_id=VariantId(new_id()), quantity=1)], reason="x"),
        ),
    ]
    for error, request in asked:
        with pytest.raises(error):
            await desk.do("edit", order, request)
    await desk.do("ship", order, ShipOrder())
    with pytest.raises(OrderNotEditable):
        await desk.do("edit", order, EditOrder(quantities={line_id(order): 1}, reason="x"))


@pytest.mark.parametrize(
    ("units", "token", "code"),
    [(0, "pm_card_visa", "out_of_stock"), (5, "pm_declined", "payment_declined")],
)
async def test_an_edit_that_fails_changes_nothing(
    desk: Desk, units: int, token: str, code: str
) -> None:
    order = await desk.sold(line(1, 600))
    added = await variant(desk, 250, units)
    edit = EditOrder(
        additions=[Addition(variant_id=added, quantity=1)], payment_token=token, reason="more"
    )
    failed = await desk.do("edit", order, edit)
    assert (failed.state, failed.failure_code) == ("failed", code)
    assert await desk.again(order) == order
    assert desk.stock.free(added) == units
    assert sum(desk.stock.promised.values()) == 1


async def test_a_charge_the_bank_lets_go_changes_nothing(desk: Desk) -> None:
    order = await desk.sold(line(1, 600))
    added = await variant(desk, 250, 1)
    desk.payments.lapsed = True
    edit = EditOrder(
        additions=[Addition(variant_id=added, quantity=1)],
        payment_token="pm_card_visa",
        reason="more",
    )
    failed = await desk.do("edit", order, edit)
    assert (failed.state, failed.failure_code) == ("failed", "payment_not_captured")
    assert await desk.again(order) == order
    assert desk.stock.free(added) == 1
    assert {item.status for item in desk.payments.paid.values()} == {"captured", "voided"}


@pytest.mark.parametrize("call", ["allocate_more", "authorise", "capture"])
async def test_a_crash_while_editing_charges_once(desk: Desk, call: str) -> None:
    order = await desk.sold(line(1, 600))
    added = await variant(desk, 250, 1)
    desk.weather.dead.add(call)
    edit = EditOrder(
        additions=[Addition(variant_id=added, quantity=1)],
        payment_token="pm_card_visa",
        reason="more",
    )
    with pytest.raises(Killed):
        await desk.do("edit", order, edit)
    await resumed(desk)
    assert (await desk.again(order)).total == pounds(850)
    assert sum(item.amount.amount for item in desk.payments.paid.values()) == 850
    assert desk.stock.free(added) == 0


async def test_what_was_charged_and_asked_is_forgotten_at_the_end(desk: Desk) -> None:
    order = await desk.sold(line(1))
    near = ADDRESS.model_copy(update={"line1": "2 Secret Street"})
    await desk.do("edit", order, EditOrder(shipping_address=near, reason="moved"))
    [operation] = await desk.after.operations(order.id)
    found = await desk.after._driver.find(operation.id)
    assert found is not None
    assert "Secret" not in str(found.plan)
    assert found.payment_token is None


# refunding


def back(order: OrderView, amount: int, at: int = 0) -> RefundOrder:
    refund = RefundLine(line_id=line_id(order, at), amount=pounds(amount))
    return RefundOrder(lines=[refund], reason="scratched")


async def test_money_goes_back_for_a_line_and_never_more_than_it_cost(desk: Desk) -> None:
    order = await desk.sold(taxed(2, 600), line(1, 5000))
    await desk.do("refund", order, back(order, 500))
    after = await desk.again(order)
    assert (after.refunded, after.status) == (pounds(500), "allocated")
    assert await desk.papers(order) == [("INV-000001", 200, 6200), ("CRN-000001", 83, 500)]
    with pytest.raises(RefundExceedsLine, match="is left"):
        await desk.do("refund", order, back(order, 701))
    with pytest.raises(RefundExceedsLine):
        await desk.do("refund", order, back(order, 0))
    with pytest.raises(LineRefunded):
        await desk.do("edit", order, EditOrder(quantities={line_id(order): 1}, reason="x"))
    await desk.do("refund", order, back(order, 700))
    assert desk.payments.refunded() == 1200


async def test_refunds_that_cannot_be(desk: Desk) -> None:
    order = await desk.sold(line(1))
    twice = back(order, 1)
    with pytest.raises(LineNamedTwice):
        await desk.do("refund", order, twice.model_copy(update={"lines": twice.lines * 2}))
    lost = RefundLine(line_id=OrderLineId(new_id()), amount=pounds(1))
    with pytest.raises(LineNotFound):
        await desk.do("refund", order, RefundOrder(lines=[lost], reason="x"))
    desk.payments.paid.clear()
    with pytest.raises(RefundExceedsPayment):
        await desk.do("refund", order, back(order, 1))


async def test_a_crash_while_refunding_refunds_once(desk: Desk) -> None:
    order = await desk.sold(line(1))
    desk.weather.dead.add("refund")
    with pytest.raises(Killed):
        await desk.do("refund", order, back(order, 100))
    await resumed(desk)
    assert desk.payments.refunded() == 100
    assert (await desk.again(order)).refunded == pounds(100)
