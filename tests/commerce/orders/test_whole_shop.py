"""After the sale over the shop's own stock, prices and payments, against the provider's double."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.orders.errors import RefundExceedsPayment
from bodega.commerce.payments.handlers import HANDLERS
from bodega.commerce.payments.service import webhooks
from bodega.contracts.aftersales import (
    Addition,
    AfterSales,
    CancelOrder,
    CancelRest,
    EditOrder,
    InspectedLine,
    LineQuantity,
    OperationView,
    RefundLine,
    RefundOrder,
    RequestReturn,
    ReturnLine,
    SettleReturn,
    ShipOrder,
)
from bodega.contracts.books import Books
from bodega.contracts.checkout import Checkouts
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.payments import Payments
from bodega.contracts.promotions import NewPromotion, Promotions
from bodega.kernel.commands import Command
from bodega.kernel.ids import CheckoutId, CommandId, OperationId, VariantId, new_id
from tests.commerce.orders.conftest import captured, line_id
from tests.commerce.orders.goods import pounds, wanted
from tests.commerce.payments import stripe_events as stripe
from tests.commerce.people import react
from tests.kit.doors import Doors
from tests.kit.goods import filled_cart, level, purchase, stocked
from tests.kit.provider import RunningProvider, running_provider

ACTOR = "staff:ada"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings.model_copy(
        update={"payments_url": provider.url, "serving_url": "http://127.0.0.1:9"}
    )


class Shop:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.after = context.container.get(AfterSales)

    async def sell(self, units: int = 3, *, token: str = "pm_card_visa") -> OrderView:
        """Bought through the whole checkout; paid by the event of its capture."""
        self.variant: VariantId = await stocked(self.context, 5)
        cart = await filled_cart(self.context, self.variant, quantity=units)
        view = await self.context.container.get(Checkouts).submit(
            checkout_id=CheckoutId(new_id()), request=purchase(cart, token=token), customer_id=None
        )
        assert view.state == "completed", view
        asked = wanted().model_copy(update={"checkout_id": view.id, "total": view.total})
        await captured(self.context, asked)
        order = await self.context.container.get(Orders).by_checkout(view.id)
        assert order is not None
        assert order.status == "allocated"
        return order

    async def do(self, kind: str, order: OrderView, request: object) -> OperationView:
        done: OperationView = await getattr(self.after, kind)(
            id=OperationId(new_id()), order_id=order.id, request=request, actor=ACTOR
        )
        assert done.state == "done", done
        return done

    async def again(self, order: OrderView) -> OrderView:
        found = await self.context.container.get(Orders).order(order.id)
        assert found is not None
        return found

    async def refunded(self, order: OrderView) -> int:
        assert order.checkout_id is not None
        payment = await self.context.container.get(Payments).payment(order.checkout_id)
        assert payment is not None
        return payment.refunded.amount if payment.refunded else 0

    async def stock(self) -> tuple[int, int]:
        found = await level(self.context, self.variant)
        return found.on_hand, found.available


@pytest.fixture
def shop(context: Context) -> Shop:
    return Shop(context)


async def test_goods_go_out_and_come_back(shop: Shop) -> None:
    order = await shop.sell(3)
    await shop.do("ship", order, ShipOrder())
    assert await shop.stock() == (2, 2)
    async with shop.context.database.work() as uow:
        await uow.connection.execute(text("UPDATE inventory.levels SET reorder_point = 3"))
    wish = ReturnLine(line_id=line_id(order), quantity=2, reason="too many")
    asked = await shop.after.request_return(
        command_id=CommandId(new_id()),
        order_id=order.id,
        request=RequestReturn(lines=[wish]),
        customer_id=None,
    )
    await shop.after.decide_return(
        command_id=CommandId(new_id()), return_id=asked.id, approve=True, note="", actor=ACTOR
    )
    await shop.after.receive_return(
        command_id=CommandId(new_id()), return_id=asked.id, received={}, actor=ACTOR
    )
    settled = await shop.after.settle_return(
        id=OperationId(new_id()),
        return_id=asked.id,
        request=SettleReturn(lines=[InspectedLine(line_id=line_id(order), restock=1, write_off=1)]),
        actor=ACTOR,
    )
    assert settled.state == "done", settled
    assert await shop.stock() == (3, 3)
    async with shop.context.database.reading() as connection:
        moved = text(
            "SELECT quantity, reason FROM inventory.movements WHERE variant_id = :variant"
            " AND reason IN ('returned', 'written_off') ORDER BY id"
        )
        rows = await connection.execute(moved, {"variant": shop.variant})
        assert sorted(map(tuple, rows)) == [(-1, "written_off"), (1, "returned"), (1, "returned")]
        alarms = text("SELECT count(*) FROM backbone.outbox WHERE type = 'inventory.stock_low'")
        assert (
            await connection.execute(alarms)
        ).scalar() == 0  # what passes through lowers nothing
    assert await shop.refunded(order) == 2 * 599
    assert (await shop.again(order)).status == "partially_returned"


async def test_a_cancelled_order_frees_stock_and_money(shop: Shop) -> None:
    order = await shop.sell(3)
    assert await shop.stock() == (5, 2)
    await shop.do("cancel", order, CancelOrder(reason="changed their mind"))
    assert await shop.stock() == (5, 5)
    assert await shop.refunded(order) == order.total.amount
    assert (await shop.again(order)).status == "cancelled"


async def test_an_order_is_edited_both_ways(shop: Shop) -> None:
    order = await shop.sell(3)
    await shop.do("edit", order, EditOrder(quantities={line_id(order): 2}, reason="one less"))
    assert await shop.stock() == (5, 3)
    assert await shop.refunded(order) == 599
    added = await stocked(shop.context, 2, price=pounds(1200))
    more = EditOrder(
        additions=[Addition(variant_id=added, quantity=1)],
        payment_token="pm_card_visa",
        reason="one more thing",
    )
    await shop.do("edit", order, more)
    after = await shop.again(order)
    extra = next(item for item in after.lines if item.variant_id == added)
    assert after.total == order.total - pounds(599) + extra.total
    assert (extra.total, extra.tax) == (pounds(1200), pounds(200))
    stock = shop.context.container.get(Inventory)
    assert order.checkout_id is not None
    promised = await stock.allocations(order.checkout_id)
    assert sum(item.quantity for item in promised) == 3
    await shop.do("ship", after, ShipOrder())
    assert (await shop.again(order)).status == "fulfilled"


async def test_money_goes_back_for_a_scratch(shop: Shop) -> None:
    order = await shop.sell(1)
    scratch = RefundLine(line_id=line_id(order), amount=pounds(100))
    await shop.do("refund", order, RefundOrder(lines=[scratch], reason="scratched"))
    assert await shop.refunded(order) == 100


async def exchanged(shop: Shop, *, pence: int, **more: str) -> tuple[OrderView, OrderView]:
    """One of two mugs comes back for something at that price: the order, and what replaces it."""
    order = await shop.sell(2)
    await shop.do("ship", order, ShipOrder())
    other = await stocked(shop.context, 1, price=pounds(pence))
    wish = ReturnLine(
        line_id=line_id(order), quantity=1, reason="wrong colour", exchange_variant_id=other
    )
    asked = await shop.after.request_return(
        command_id=CommandId(new_id()),
        order_id=order.id,
        request=RequestReturn(lines=[wish]),
        customer_id=None,
    )
    await shop.after.decide_return(
        command_id=CommandId(new_id()), return_id=asked.id, approve=True, note="", actor=ACTOR
    )
    await shop.after.receive_return(
        command_id=CommandId(new_id()), return_id=asked.id, received={}, actor=ACTOR
    )
    settled = await shop.after.settle_return(
        id=OperationId(new_id()),
        return_id=asked.id,
        request=SettleReturn.model_validate(
            {"lines": [{"line_id": line_id(order), "restock": 1}], **more}
        ),
        actor=ACTOR,
    )
    assert settled.state == "done", settled
    closed = await shop.after.return_request(asked.id)
    assert closed is not None
    assert closed.exchange_order_id is not None
    new = await shop.context.container.get(Orders).order(closed.exchange_order_id)
    assert new is not None
    return order, new


async def test_goods_are_exchanged(shop: Shop) -> None:
    order, new = await exchanged(shop, pence=500)
    assert await shop.refunded(order) == 99
    assert (new.status, new.total) == ("allocated", pounds(500))
    await shop.do("ship", new, ShipOrder())
    other = new.lines[0].variant_id
    assert other is not None
    assert (await level(shop.context, other)).on_hand == 0


async def accounts(shop: Shop) -> dict[str, int]:
    """The trial balance, once payments has heard every event in the outbox."""
    known = {kind.type: kind for handler in HANDLERS for kind in handler.events}
    async with shop.context.database.reading() as connection:
        outbox = text("SELECT type, payload FROM backbone.outbox ORDER BY id")
        events = [(row.type, row.payload) for row in await connection.execute(outbox)]
    for kind, payload in events:
        if kind in known:
            await react(shop.context, HANDLERS, known[kind].model_validate(payload))
    found = await shop.context.container.get(Books).balances()
    balances = {item.account: item.balance for item in found}
    assert sum(balances.values()) == 0
    return balances


async def papered_tax(shop: Shop, order: OrderView) -> int:
    """The tax on its invoices less that on its credit notes."""
    return sum(
        paper.tax.amount if paper.kind == "invoice" else -paper.tax.amount
        for paper in await shop.after.documents(order.id)
    )


async def test_the_tax_in_the_ledger_is_that_of_the_papers_to_the_penny(shop: Shop) -> None:
    order = await shop.sell(3)
    book = await stocked(shop.context, 9, price=pounds(700), tax_class="zero")
    swap = EditOrder(
        quantities={line_id(order): 2},
        additions=[Addition(variant_id=book, quantity=2)],
        payment_token="pm_card_visa",
        reason="books as well",
    )
    await shop.do("edit", order, swap)
    order = await shop.again(order)
    goods = {line.variant_id: line for line in order.lines}
    for variant, pence in ((book, 333), (shop.variant, 101)):
        found = goods[variant].id
        assert found is not None
        scratch = RefundLine(line_id=found, amount=pounds(pence))
        await shop.do("refund", order, RefundOrder(lines=[scratch], reason="scratched"))
        books = await accounts(shop)
        assert (books["receivable"], -books["tax"]) == (0, await papered_tax(shop, order))
    await shop.do("cancel", order, CancelOrder(reason="after all not"))
    books = await accounts(shop)
    assert (books["tax"], await papered_tax(shop, order)) == (0, 0)
    assert books["provider_clearing"] == books["receivable"] == 0


async def five_off(shop: Shop) -> None:
    await shop.context.container.get(Promotions).create(
        Command(CommandId(new_id()), ACTOR),
        NewPromotion(title="Five off", kind="fixed", discount_amount=500, automatic=True),
    )


async def test_a_promotion_counts_once_for_an_order_that_is_edited(shop: Shop) -> None:
    await five_off(shop)
    order = await shop.sell(2)
    assert order.discount == pounds(500)
    more = EditOrder(
        quantities={line_id(order): 4},
        additions=[Addition(variant_id=await stocked(shop.context, 1), quantity=1)],
        payment_token="pm_card_visa",
        reason="more of it",
    )
    await shop.do("edit", order, more)
    after = await shop.again(order)
    assert (after.discount, after.total - order.total) == (pounds(500), pounds(3 * 599))
    await shop.do("edit", order, EditOrder(quantities={line_id(order): 2}, reason="fewer"))
    assert (await accounts(shop))["receivable"] == 0


async def test_goods_under_a_promotion_are_exchanged_for_their_like_without_paying(
    shop: Shop,
) -> None:
    await five_off(shop)
    order, new = await exchanged(shop, pence=599)
    assert (await shop.refunded(order), new.total) == (0, pounds(599 - 250))


@pytest.mark.parametrize(
    ("pence", "more"), [(500, {}), (599, {}), (800, {"payment_token": "pm_card_visa"})]
)
async def test_an_exchange_leaves_no_debt_in_the_ledger(
    shop: Shop, pence: int, more: dict[str, str]
) -> None:
    """Whatever it costs, what came back pays it, and the difference moves: nothing stays open."""
    order, new = await exchanged(shop, pence=pence, **more)
    books = await accounts(shop)
    taken = order.total.amount + max(0, pence - 599) - max(0, 599 - pence)
    assert (books["receivable"], books["provider_clearing"]) == (0, taken)
    sold, taxed = order.total + new.total, (order.tax or pounds(0)) + (new.tax or pounds(0))
    assert books["revenue"] == taxed.amount - sold.amount
    assert await accounts(shop) == books  # told twice it is booked once


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


async def test_what_replaced_goods_is_cancelled_and_everything_went_back(shop: Shop) -> None:
    order, new = await exchanged(shop, pence=800, payment_token="pm_card_visa")
    before = await accounts(shop)
    await shop.do("cancel", new, CancelOrder(reason="changed their mind again"))
    books = await accounts(shop)
    assert books["receivable"] == 0
    assert before["provider_clearing"] - books["provider_clearing"] == 800
    # The tax of what was cancelled went back with it: what is left is of one mug and the postage.
    assert books["provider_clearing"] == order.total.amount - 599
    assert -books["tax"] == await papered_tax(shop, order) + await papered_tax(shop, new)


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
