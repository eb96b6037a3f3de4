"""Purchases in doubt: screened before they are paid, placed, and held until staff decide."""

from datetime import timedelta

import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.checkout.errors import CheckoutNotFound, NotInReview, ReviewDecided
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId, UserId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from tests.commerce.checkout.crashes import Killed
from tests.commerce.checkout.shops import STOCK, Shop, rows, types
from tests.kit.goods import filled_cart, level, purchase, stocked
from tests.kit.provider import RunningProvider

STAFF = UserId(new_id())
DAYS = timedelta(days=6)


@pytest.fixture
async def shop(context: Context, provider: RunningProvider) -> Shop:
    opened = await Shop(context, provider).open()
    opened.scorer.decision = "review"
    return opened


async def decide(shop: Shop, *, accept: bool) -> str:
    view = await shop.service.review(shop.checkout, accept=accept, reviewer=STAFF, note="Called")
    return view.state


async def payment(shop: Shop) -> str | None:
    found = await shop.context.container.get(Payments).payment(shop.checkout)
    return found.status if found else None


async def test_a_purchase_in_doubt_is_placed_and_its_money_not_taken(
    shop: Shop, settings: Settings
) -> None:
    view = await shop.submit()
    assert (view.state, view.waiting_for, view.order_number) == ("waiting", "review", 1001)
    assert await payment(shop) == "authorised"
    assert (await level(shop.context, shop.variant)).available == STOCK - 1
    assert types(settings) == ["checkout.held"]
    [held] = (await shop.service.held(PageRequest())).items
    assert (held.id, held.order_number, held.total) == (shop.checkout, 1001, view.total)
    assert (held.reasons, held.model, held.country) == (["Ordered too often"], "test-1", "GB")


async def test_accepted_means_paid(shop: Shop, settings: Settings) -> None:
    await shop.submit()
    assert await decide(shop, accept=True) == "completed"
    await shop.check_placed()
    assert types(settings) == ["checkout.held", "checkout.reviewed", "checkout.completed"]
    assert (await shop.service.held(PageRequest())).items == []


async def test_refused_means_undone(shop: Shop, settings: Settings) -> None:
    await shop.submit()
    assert await decide(shop, accept=False) == "failed"
    await shop.check_undone()
    assert (await shop.view()).failure_code == "review_refused"
    assert types(settings) == ["checkout.held", "checkout.reviewed", "checkout.failed"]


async def test_a_decision_is_taken_once(shop: Shop) -> None:
    await shop.submit()
    assert await decide(shop, accept=True) == await decide(shop, accept=True) == "completed"
    with pytest.raises(ReviewDecided):
        await decide(shop, accept=False)


async def test_only_what_waits_is_reviewed(shop: Shop) -> None:
    shop.scorer.decision = "accept"
    with pytest.raises(CheckoutNotFound):
        await decide(shop, accept=True)
    await shop.submit()
    with pytest.raises(NotInReview):
        await decide(shop, accept=False)


async def test_what_nobody_reviews_is_undone_in_the_end(shop: Shop) -> None:
    await shop.submit()
    assert (await shop.restart()).state == "waiting"
    view = await shop.restart(DAYS)
    assert (view.state, view.failure_code) == ("failed", "review_refused")
    await shop.check_undone()


async def test_a_buyer_who_asks_again_changes_nothing(shop: Shop) -> None:
    first = await shop.submit()
    assert await shop.submit() == first
    assert await shop.service.proceed(shop.checkout) == first
    assert await payment(shop) == "authorised"


async def test_a_refused_purchase_reaches_neither_card_nor_order(shop: Shop) -> None:
    shop.scorer.decision = "refuse"
    view = await shop.submit()
    assert (view.state, view.failure_code) == ("failed", "purchase_refused")
    assert not {"authorise", "place"} & set(shop.doom.calls)
    await shop.check_undone()


async def test_the_score_is_asked_once_and_kept(shop: Shop) -> None:
    shop.doom.at = [5]
    with pytest.raises(Killed):
        await shop.submit()
    shop.scorer.decision = "accept"
    assert (await shop.restart()).waiting_for == "review"
    [check] = shop.scorer.asked
    assert (check.units, check.lines, check.country) == (1, 1, "GB")
    assert "ada" not in check.email_digest


async def test_the_same_address_has_the_same_digest_however_it_is_written(shop: Shop) -> None:
    await shop.submit(purchase(shop.cart, email="Ada@Example.com"))
    other = await Shop(shop.context, shop.provider).open()
    await other.submit(purchase(other.cart, email="ada@example.com"))
    [one], [two] = shop.scorer.asked, other.scorer.asked
    assert one.email_digest == two.email_digest


async def test_a_late_score_lets_a_small_purchase_through_and_holds_a_large_one(
    shop: Shop, settings: Settings
) -> None:
    shop.scorer.late = True
    assert (await shop.submit()).state == "completed"
    dear = await Shop(shop.context, shop.provider).open()
    dear.scorer.late = True
    price = Money(amount=settings.fraud_open_below, currency="GBP")
    dear.variant = await stocked(shop.context, STOCK, price=price)
    dear.cart = await filled_cart(shop.context, dear.variant)
    assert (await dear.submit()).waiting_for == "review"
    kept = rows(settings, "SELECT fraud_model FROM checkout.checkouts")
    assert kept == [("policy",), ("policy",)]


async def test_the_queue_comes_in_pages_the_longest_waiting_first(
    shop: Shop, context: Context
) -> None:
    await shop.submit()
    later = await Shop(context, shop.provider).open()
    later.scorer.decision = "review"
    await later.submit()
    first = await shop.service.held(PageRequest(limit=1))
    second = await shop.service.held(PageRequest(limit=1, cursor=first.next_cursor))
    assert [item.id for item in (*first.items, *second.items)] == [shop.checkout, later.checkout]
    assert second.next_cursor is None


async def test_a_held_order_keeps_its_goods(shop: Shop) -> None:
    await shop.submit()
    quick = await Shop(shop.context, shop.provider).open()
    quick.variant, quick.checkout = shop.variant, CheckoutId(new_id())
    quick.cart = await filled_cart(shop.context, shop.variant, quantity=STOCK)
    assert (await quick.submit()).failure_code == "out_of_stock"
    available = await shop.context.container.get(Inventory).available([shop.variant])
    assert available[shop.variant] == STOCK - 1
    order = await shop.context.container.get(Orders).by_checkout(shop.checkout)
    assert order is not None
