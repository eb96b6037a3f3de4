"""Told to stop, a checkout is undone whole, or ends well when its money is being taken already."""

import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.service import CheckoutWorkflows
from bodega.contracts.orders import Orders
from bodega.contracts.payments import Payments
from bodega.kernel.ids import UserId, new_id
from tests.commerce.checkout.after import AfterTheSale
from tests.commerce.checkout.crashes import Killed
from tests.commerce.checkout.shops import Shop, rows
from tests.kit.books import AFTER_THE_SALE, ALWAYS, CAUGHT_UP, SETTLED, broken
from tests.kit.provider import RunningProvider

BOOKS = (ALWAYS, SETTLED, AFTER_THE_SALE, CAUGHT_UP)
PAPERS = "SELECT kind, total_amount FROM orders.documents ORDER BY kind"


@pytest.fixture
def shop(context: Context, provider: RunningProvider) -> Shop:
    return Shop(context, provider)


async def hear_of_money(shop: Shop) -> None:
    await AfterTheSale(shop.mortal, shop.context).hear_of_money(shop.checkout)


async def test_wherever_it_died_what_was_told_to_stop_leaves_nothing_half_done(
    shop: Shop, settings: Settings
) -> None:
    ended = []
    for point in range(8, 11):  # from the order on; the last is after the capture
        await shop.open()
        shop.doom.passed, shop.doom.at = 0, (point,)
        with pytest.raises(Killed):
            await shop.submit()
        await hear_of_money(shop)
        assert await CheckoutWorkflows(shop.mortal).cancel(str(shop.checkout))
        ended.append((await shop.restart()).state)
        await hear_of_money(shop)
        assert broken(settings.dsn, *BOOKS) == {}, f"died at {point}"
    assert set(ended) == {"failed", "completed"}, ended


async def test_an_invoice_of_what_is_refused_after_all_is_taken_back(
    shop: Shop, settings: Settings
) -> None:
    """Its money was taken at the provider's own desk while staff were still looking into it."""
    await shop.open()
    shop.scorer.decision = "review"
    held = await shop.submit()
    await shop.context.container.get(Payments).capture(checkout_id=shop.checkout)
    await hear_of_money(shop)
    view = await shop.service.review(
        shop.checkout, accept=False, reviewer=UserId(new_id()), note="No"
    )
    assert view.state == "failed"
    await shop.check_undone()
    assert rows(settings, PAPERS) == [
        ("credit_note", held.total.amount),
        ("invoice", held.total.amount),
    ]
    order = await shop.context.container.get(Orders).by_checkout(shop.checkout)
    assert order is not None
    assert order.refunded == held.total
    assert broken(settings.dsn, *BOOKS) == {}
