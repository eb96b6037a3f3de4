"""Exchanges: what came back pays what goes out, the difference is given back or charged."""

from typing import Any

import pytest

from bodega.commerce.orders.errors import ExchangeCostsMore, LocationNotKnown
from bodega.contracts.aftersales import CancelOrder, InspectedLine, ReturnView, SettleReturn
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import LocationId, OperationId, VariantId, new_id
from tests.commerce.orders.conftest import ACTOR, Desk, captured, line_id
from tests.commerce.orders.doubles import MAIN
from tests.commerce.orders.goods import line, pounds, wanted
from tests.commerce.orders.test_returns import asked, came_back, sent
from tests.kit.goods import ADDRESS, stocked


async def priced(desk: Desk, pence: int, units: int = 5) -> VariantId:
    variant = await stocked(desk.context_of_catalog, 0, price=pounds(pence))
    desk.stock.on_hand[variant, MAIN] += units
    return variant


async def settle(desk: Desk, found: ReturnView, order: OrderView, **more: Any) -> Any:
    units = found.lines[0].received
    inspected = InspectedLine(line_id=line_id(order), restock=units)
    return await desk.after.settle_return(
        id=OperationId(new_id()),
        return_id=found.id,
        request=SettleReturn(lines=[inspected], **more),
        actor=ACTOR,
    )


async def replaced(desk: Desk, found: ReturnView) -> OrderView:
    closed = await desk.after.return_request(found.id)
    assert closed is not None
    assert closed.exchange_order_id is not None
    order = await desk.orders.order(closed.exchange_order_id)
    assert order is not None
    return order


async def test_its_goods_are_picked_for_where_they_go(desk: Desk) -> None:
    abroad = ADDRESS.model_copy(update={"country": "NO"})
    order = await sent(desk, line(1, 500), shipping_address=abroad)
    found = await came_back(
        desk, order, asked(order, 1, exchange_variant_id=await priced(desk, 500))
    )
    await settle(desk, found, order)
    assert (desk.stock.destination, desk.stock.allocated_for) == ("NO", "NO")


async def test_what_it_costs_more_is_asked_for_and_charged(desk: Desk) -> None:
    order = await sent(desk, line(1, 500))
    found = await came_back(
        desk, order, asked(order, 1, exchange_variant_id=await priced(desk, 700))
    )
    with pytest.raises(ExchangeCostsMore, match=r"2\.00 GBP is missing"):
        await settle(desk, found, order)
    done = await settle(desk, found, order, payment_token="pm_card_visa")
    assert done.state == "done", done
    new = await replaced(desk, found)
    assert (new.total, new.status) == (pounds(700), "allocated")
    assert new.checkout_id is not None
    assert desk.payments.paid[new.checkout_id].amount == pounds(200)
    assert desk.payments.refunded() == 0
    bought = wanted(line(1, 200)).model_copy(update={"checkout_id": new.checkout_id})
    await captured(desk.context, bought)  # the event of its charge finds it paid already
    assert (await desk.again(new)).status == "allocated"


async def test_a_charge_that_is_declined_leaves_the_return_open_for_another(desk: Desk) -> None:
    order = await sent(desk, line(1, 500))
    dear = await priced(desk, 700)
    found = await came_back(desk, order, asked(order, 1, exchange_variant_id=dear))
    failed = await settle(desk, found, order, payment_token="pm_declined")
    assert (failed.state, failed.failure_code) == ("failed", "payment_declined")
    assert desk.stock.free(dear) == 5
    done = await settle(desk, found, order, payment_token="pm_card_visa")
    assert done.state == "done", done
    assert (await replaced(desk, found)).total == pounds(700)


async def test_the_money_of_what_replaced_goods_counts_for_its_own_sale(desk: Desk) -> None:
    order = await sent(desk, line(1, 500))
    found = await came_back(
        desk, order, asked(order, 1, exchange_variant_id=await priced(desk, 500))
    )
    await settle(desk, found, order)
    new = await replaced(desk, found)
    await desk.do("cancel", new, CancelOrder(reason="after all not"))
    [refund] = desk.payments.given.values()
    assert desk.payments.sales[refund.id] == new.checkout_id
    assert desk.payments.refunded() == 500


async def test_goods_go_back_to_a_location_that_is_there(desk: Desk) -> None:
    order = await sent(desk, line(1, 500))
    found = await came_back(desk, order, asked(order))
    with pytest.raises(LocationNotKnown):
        await settle(desk, found, order, location_id=LocationId(new_id()))
    assert desk.payments.refunded() == 0
    assert (await settle(desk, found, order, location_id=MAIN)).state == "done"
