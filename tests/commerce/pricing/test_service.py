"""Quotes, redemptions and rates on a real PostgreSQL, through the contracts."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.pricing.errors import BasketMalformed, RateNotFound
from bodega.commerce.pricing.service import PricingService, RatesService, promotions, rates, taxes
from bodega.contracts.pricing import Basket, Quote, Rate
from bodega.contracts.promotions import NewCoupons, NewPromotion, PromotionChange
from bodega.contracts.taxes import NewTaxRate, TaxCountryChange
from bodega.kernel.clock import FixedClock
from bodega.kernel.errors import Invalid
from bodega.kernel.ids import CheckoutId, CommandId, PromotionId, UserId, new_id
from bodega.kernel.money import Money
from tests.commerce.pricing.baskets import basket, line

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Desk:
    """Pricing under a clock that the test moves."""

    def __init__(self, context: Context) -> None:
        self.clock = FixedClock(NOON)
        self.context = replace(context, clock=self.clock)
        self.service = PricingService(self.context)
        self.rates = RatesService(self.context)

    async def promotion(self, *codes: str, single: int | None = None, **values: Any) -> PromotionId:
        given = {"title": "Sale", "kind": "percentage", "automatic": not codes}
        if values.get("kind", "percentage") == "percentage":
            given["percent"] = 10
        new = NewPromotion.model_validate(given | values)
        async with self.context.database.work() as uow:
            made = await promotions.create_promotion(uow, new=new, shop_currency="GBP")
            if codes:
                named = NewCoupons(codes=list(codes), total_limit=single)
                await promotions.create_coupons(uow, promotion_id=made.id, new=named)
        return made.id

    async def change(self, promotion_id: PromotionId, **values: Any) -> None:
        async with self.context.database.work() as uow:
            await promotions.change_promotion(
                uow, promotion_id=promotion_id, change=PromotionChange.model_validate(values)
            )

    async def redeem(
        self, asked: Basket, checkout: CheckoutId | None = None, **values: Any
    ) -> bool:
        return await self.service.redeem(
            command_id=values.pop("command_id", None) or CommandId(new_id()),
            checkout_id=checkout or CheckoutId(new_id()),
            basket=asked,
            **values,
        )

    async def release(self, checkout: CheckoutId) -> None:
        await self.service.release(command_id=CommandId(new_id()), checkout_id=checkout)

    async def import_rates(self, *known: tuple[str, str, str, str]) -> int:
        values = [
            Rate.model_validate(
                {"base": base, "quote": quote, "rate": rate, "day": day, "source": "ECB"}
            )
            for base, quote, rate, day in known
        ]
        async with self.context.database.work() as uow:
            return await rates.put_rates(uow, rates=values)


@pytest.fixture
def desk(context: Context) -> Desk:
    return Desk(context)


def refusals(quote: Quote) -> dict[str, str | None]:
    return {coupon.code: coupon.refusal for coupon in quote.coupons}


def pounds(amount: int) -> Money:
    return Money(amount=amount, currency="GBP")


async def test_a_plain_basket_costs_what_its_lines_say_tax_included(desk: Desk) -> None:
    quote = await desk.service.quote(basket(line(1200, 2), line(600), shipping=490))
    assert (quote.subtotal, quote.total) == (pounds(3000), pounds(3490))
    assert [item.tax for item in quote.lines] == [pounds(400), pounds(100)]
    assert quote.lines[0].tax_rate == Decimal("0.2")
    assert quote.lines[0].tax_included
    assert quote.shipping
    assert quote.shipping.tax == pounds(82)
    assert quote.tax == pounds(582)


async def test_an_empty_basket_costs_nothing(desk: Desk) -> None:
    assert (await desk.service.quote(basket())).total == pounds(0)


async def test_a_promotion_applies_by_itself_within_its_window(desk: Desk) -> None:
    await desk.promotion(starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    asked = basket(line(1000))
    assert (await desk.service.quote(asked)).total == pounds(900)
    for at in (NOON - timedelta(seconds=1), NOON + timedelta(hours=1)):
        desk.clock.at = at
        assert (await desk.service.quote(asked)).total == pounds(1000)


async def test_every_refused_coupon_says_why(desk: Desk) -> None:
    hour = timedelta(hours=1)
    await desk.promotion("EARLY", starts_at=NOON + hour)
    await desk.promotion("LATE", ends_at=NOON)
    await desk.promotion("DEAR", min_subtotal_amount=5000)
    await desk.promotion("OFF", active=False)
    await desk.promotion("MEMBERS", customer_limit=1)
    await desk.promotion("GOOD", "TWIN")
    await desk.promotion("BIG", exclusive=True, percent=5)
    used = await desk.promotion("USED", total_limit=1)
    assert await desk.redeem(basket(line(1000), coupons=["USED"]))
    codes = ["EARLY", "LATE", "DEAR", "OFF", "MEMBERS", "GOOD", "TWIN", "BIG", "USED", "NOBODYS"]
    quote = await desk.service.quote(basket(line(1000), coupons=codes))
    assert refusals(quote) == {
        "EARLY": "not_yet",
        "LATE": "expired",
        "DEAR": "not_applicable",
        "OFF": "unknown",
        "MEMBERS": "not_applicable",
        "GOOD": None,
        "TWIN": "not_stacking",
        "BIG": "not_stacking",
        "USED": "used_up",
        "NOBODYS": "unknown",
    }
    assert quote.total == pounds(900)
    await desk.change(used, total_limit=None)
    assert refusals(await desk.service.quote(basket(line(1000), coupons=["USED"]))) == {
        "USED": None
    }


async def test_a_code_is_read_as_it_is_typed(desk: Desk) -> None:
    await desk.promotion("WELCOME")
    asked = Basket.model_validate(
        {"currency": "GBP", "lines": [line(1000)], "coupons": [" welcome "]}
    )
    assert refusals(await desk.service.quote(asked)) == {"WELCOME": None}


async def test_a_free_shipping_coupon_is_good_before_shipping_is_chosen(desk: Desk) -> None:
    await desk.promotion("POST", kind="free_shipping")
    before = await desk.service.quote(basket(line(1000), coupons=["POST"]))
    assert refusals(before) == {"POST": None}
    after = await desk.service.quote(basket(line(1000), shipping=490, coupons=["POST"]))
    assert (after.total, after.discount) == (pounds(1000), pounds(490))


async def test_the_last_one_of_a_limit_goes_to_one_checkout(desk: Desk, settings: Settings) -> None:
    promotion = await desk.promotion("TEN", total_limit=10)
    asked = basket(line(1000), coupons=["TEN"])
    counted = await asyncio.gather(*(desk.redeem(asked, expected=pounds(900)) for _ in range(25)))
    assert sum(counted) == 10
    assert refusals(await desk.service.quote(asked)) == {"TEN": "used_up"}
    with psycopg.connect(settings.dsn) as connection:
        row = connection.execute(
            "SELECT p.redeemed, count(r.id) FROM pricing.promotions p"
            " JOIN pricing.redemptions r ON r.promotion_id = p.id"
            " WHERE p.id = %s GROUP BY p.id",
            [promotion],
        ).fetchone()
    assert row == (10, 10)


async def test_single_use_codes_are_counted_one_by_one(desk: Desk) -> None:
    await desk.promotion("ONE", "TWO", single=1)
    assert await desk.redeem(basket(line(1000), coupons=["ONE"]))
    assert not await desk.redeem(basket(line(1000), coupons=["ONE"]))
    assert await desk.redeem(basket(line(1000), coupons=["TWO"]))


async def test_a_limit_a_customer_is_held_against_the_customer(desk: Desk) -> None:
    await desk.promotion("MINE", customer_limit=1)
    maria, ada = UserId(new_id()), UserId(new_id())
    for who, answer in ((maria, True), (maria, False), (ada, True)):
        asked = basket(line(1000), coupons=["MINE"], customer_id=who)
        assert await desk.redeem(asked) == answer


async def test_what_is_released_may_be_used_again_and_once_only(desk: Desk) -> None:
    await desk.promotion("LAST", total_limit=1, single=1)
    asked, checkout = basket(line(1000), coupons=["LAST"]), CheckoutId(new_id())
    assert await desk.redeem(asked, checkout)
    await desk.release(CheckoutId(new_id()))
    assert not await desk.redeem(asked)
    await desk.release(checkout)
    await desk.release(checkout)
    assert await desk.redeem(asked)
    assert not await desk.redeem(asked)


async def test_counters_are_the_live_redemptions_whatever_comes_together(
    desk: Desk, settings: Settings
) -> None:
    await desk.promotion("ONE", "TWO", total_limit=12, single=8)
    await desk.promotion(total_limit=15)
    await desk.promotion()
    draw = random.Random(7)

    async def shop() -> None:
        checkout = CheckoutId(new_id())
        codes = draw.choice([["ONE"], ["TWO"], []])
        await desk.redeem(basket(line(1000), coupons=codes), checkout)
        if draw.random() < 0.5:
            await desk.release(checkout)

    await asyncio.gather(*(shop() for _ in range(60)))
    with psycopg.connect(settings.dsn) as connection:
        wrong = connection.execute(
            "SELECT p.id, p.redeemed, p.total_limit FROM pricing.promotions p"
            " WHERE p.total_limit IS NOT NULL AND (p.redeemed > p.total_limit OR p.redeemed <>"
            " (SELECT count(*) FROM pricing.redemptions r WHERE r.promotion_id = p.id"
            "  AND r.released_at IS NULL))"
            " UNION ALL SELECT NULL, c.redeemed, c.total_limit FROM pricing.coupons c"
            " WHERE c.redeemed > c.total_limit OR c.redeemed <>"
            " (SELECT count(*) FROM pricing.redemptions r WHERE r.coupon_code = c.code"
            "  AND r.released_at IS NULL)"
        ).fetchall()
        counted = connection.execute("SELECT count(*) FROM pricing.redemptions").fetchone()
    assert wrong == []
    assert counted
    assert counted[0] >= 30


async def test_the_same_command_counts_once(desk: Desk) -> None:
    await desk.promotion("TWICE", total_limit=2)
    asked, command, checkout = basket(line(1000), coupons=["TWICE"]), new_id(), new_id()
    for _ in range(3):
        assert await desk.redeem(
            asked, CheckoutId(checkout), command_id=CommandId(command), expected=pounds(900)
        )
    assert await desk.redeem(asked)
    assert not await desk.redeem(asked)


async def test_a_price_that_no_longer_holds_is_not_redeemed(desk: Desk) -> None:
    promotion = await desk.promotion(total_limit=5)
    asked = basket(line(1000))
    promised = (await desk.service.quote(asked)).total
    assert await desk.redeem(asked, expected=promised)
    await desk.change(promotion, active=False)
    assert not await desk.redeem(asked, expected=promised)


async def test_a_limit_set_later_counts_what_went_before(desk: Desk) -> None:
    promotion = await desk.promotion("OPEN")
    asked = basket(line(1000), coupons=["OPEN"])
    for _ in range(2):
        assert await desk.redeem(asked)
    await desk.change(promotion, total_limit=2)
    assert not await desk.redeem(asked)


async def test_an_event_names_the_codes(desk: Desk, settings: Settings) -> None:
    await desk.promotion("SAID")
    checkout = CheckoutId(new_id())
    assert await desk.redeem(basket(line(1000), coupons=["SAID"]), checkout)
    with psycopg.connect(settings.dsn) as connection:
        rows = connection.execute(
            "SELECT payload FROM backbone.outbox WHERE type = 'pricing.coupon_redeemed'"
        ).fetchall()
    assert [row[0] for row in rows] == [{"checkout_id": str(checkout), "codes": ["SAID"]}]


async def test_staff_say_where_tax_is_collected_and_how_much(desk: Desk) -> None:
    asked = basket(line(1000, tax_class="standard"), country="US", region="NY")
    assert (await desk.service.quote(asked)).tax == pounds(0)
    async with desk.context.database.work() as uow:
        given: dict[str, Any] = {"clock": desk.clock, "home": "GB", "country": "US"}
        change = TaxCountryChange(prices_include_tax=False, collected=True)
        await taxes.change_country(uow, change=change, **given)
    quote = await desk.service.quote(asked)
    assert (quote.tax, quote.total, quote.lines[0].tax_included) == (
        pounds(40),
        pounds(1040),
        False,
    )
    async with desk.context.database.work() as uow:
        new = NewTaxRate(region="NY", rate=Decimal("0.08875"), source="New York City")
        await taxes.put_rate(uow, new=new, **given)
    assert (await desk.service.quote(asked)).tax == pounds(89)


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "EUR"},
        {"lines": [line(1, key="x"), line(2, key="x")]},
        {"lines": [line(-1)]},
        {"shipping": Money(amount=1, currency="EUR")},
    ],
)
async def test_a_malformed_basket_is_refused(desk: Desk, wrong: dict[str, Any]) -> None:
    asked = Basket.model_validate({"currency": "GBP", "lines": [line(1000)]} | wrong)
    with pytest.raises(BasketMalformed):
        await desk.service.quote(asked)


async def test_rates_hold_from_their_day_and_carry_their_source(desk: Desk) -> None:
    known = (
        ("EUR", "USD", "1.10", "2026-11-01"),
        ("EUR", "USD", "1.25", "2026-11-20"),
        ("EUR", "GBP", "0.80", "2026-11-20"),
    )
    assert await desk.import_rates(*known) == 3
    assert await desk.import_rates(*known) == 0
    assert await desk.import_rates(("EUR", "USD", "1.26", "2026-11-20")) == 1
    today = await desk.rates.rate("EUR", "USD")
    assert (today.rate, today.day.isoformat(), today.source) == (
        Decimal("1.26"),
        "2026-11-20",
        "ECB",
    )
    before = await desk.rates.rate("EUR", "USD", at=datetime(2026, 11, 19, tzinfo=UTC))
    assert before.rate == Decimal("1.10")
    across = await desk.rates.rate("GBP", "USD")
    assert across.rate == Decimal("1.575")
    assert (await desk.rates.rate("JPY", "JPY")).rate == 1
    with pytest.raises(RateNotFound):
        await desk.rates.rate("EUR", "USD", at=datetime(2026, 10, 1, tzinfo=UTC))
    with pytest.raises(Invalid):
        await desk.rates.rate("EUR", "XXX")


async def test_conversion_rounds_half_to_even_onto_the_minor_unit(desk: Desk) -> None:
    await desk.import_rates(
        ("EUR", "JPY", "160.5", "2026-11-20"), ("EUR", "KWD", "0.3605", "2026-11-20")
    )
    convert = desk.rates.convert
    euro = Money(amount=100, currency="EUR")
    assert await convert(euro, "JPY") == Money(amount=160, currency="JPY")
    assert await convert(euro, "KWD") == Money(amount=360, currency="KWD")
    assert await convert(euro, "EUR") == euro
