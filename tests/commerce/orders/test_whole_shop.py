"""After the sale over the shop's own stock, prices and payments, against the provider's double."""

import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.aftersales import (
    Addition,
    CancelOrder,
    EditOrder,
    InspectedLine,
    RefundLine,
    RefundOrder,
    RequestReturn,
    ReturnLine,
    SettleReturn,
    ShipOrder,
)
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders, OrderView
from bodega.contracts.promotions import NewPromotion, Promotions
from bodega.kernel.commands import Command
from bodega.kernel.ids import CommandId, OperationId, new_id
from tests.commerce.orders.conftest import line_id
from tests.commerce.orders.goods import pounds
from tests.commerce.orders.whole import ACTOR, Shop, accounts, papered_tax, settings_of
from tests.kit.goods import level, stocked
from tests.kit.provider import RunningProvider


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    return settings_of(settings, provider)


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
