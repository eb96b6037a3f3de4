"""The price of a basket, and promotions counted for one checkout."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bodega.backbone.db import UnitOfWork
from bodega.backbone.module import Context
from bodega.commerce.pricing.domain.additions import price_additions
from bodega.commerce.pricing.domain.quotes import check, quote, retaxed
from bodega.commerce.pricing.domain.taxes import Taxes
from bodega.commerce.pricing.repository import redemptions
from bodega.commerce.pricing.repository.offers import Found, find_offers, lock_promotions
from bodega.commerce.pricing.service.taxes import StatedTaxes, read_taxes
from bodega.contracts.pricing import AgreedLine, Basket, CouponRedeemed, PricedLine, Quote
from bodega.kernel.address import CountryCode
from bodega.kernel.clock import Clock
from bodega.kernel.ids import CheckoutId, CommandId, PromotionId
from bodega.kernel.money import Money

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def read_quote(
    connection: "AsyncConnection",
    basket: Basket,
    *,
    kept: StatedTaxes,
    home: str,
    now: datetime,
) -> Quote:
    """Raises BasketMalformed."""
    found, taxes = await _asked(connection, basket, basket.coupons, kept=kept, home=home, now=now)
    return quote(basket, found.offers, found.refused, taxes)


async def _asked(
    connection: "AsyncConnection",
    basket: Basket,
    codes: Sequence[str],
    *,
    kept: StatedTaxes,
    home: str,
    now: datetime,
) -> tuple[Found, Taxes]:
    check(basket)
    found = await find_offers(connection, codes=codes, customer_id=basket.customer_id, now=now)
    taxes = await read_taxes(
        connection,
        kept=kept,
        home=home,
        country=basket.country or home,
        region=basket.region,
        now=now,
    )
    return found, taxes


async def redeem(
    uow: UnitOfWork,
    *,
    clock: Clock,
    kept: StatedTaxes,
    home: str,
    checkout_id: CheckoutId,
    basket: Basket,
    expected: Money | None,
) -> bool:
    """Asked again under the locks of what has limits, the basket must come to the same."""
    before = await read_quote(uow.connection, basket, kept=kept, home=home, now=clock.now())
    await lock_promotions(uow.connection, _limited(before))
    now = clock.now()
    held = await read_quote(uow.connection, basket, kept=kept, home=home, now=now)
    unlocked = set(_limited(held)) - set(_limited(before))
    if unlocked or not _as_promised(before, held, expected):
        return False
    await redemptions.count(
        uow.connection,
        checkout_id=checkout_id,
        customer_id=basket.customer_id,
        applied=held.promotions,
        now=now,
    )
    codes = [item.coupon for item in held.promotions if item.coupon]
    if codes:
        uow.emit(CouponRedeemed(checkout_id=checkout_id, codes=codes))
    return True


def _as_promised(before: Quote, held: Quote, expected: Money | None) -> bool:
    """Without an expected total, every coupon that was asked for must still be there to take."""
    if expected is not None:
        return held.total == expected
    return held == before and all(coupon.refusal != "used_up" for coupon in held.coupons)


def _limited(held: Quote) -> list[PromotionId]:
    return [item.promotion_id for item in held.promotions if item.limited]


class PricingService:
    """Answers `bodega.contracts.pricing.Pricing`."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._clock = context.clock
        self._home = context.settings.country
        self._kept = StatedTaxes(context.settings.pricing_cache_seconds)

    async def quote(self, basket: Basket) -> Quote:
        async with self._database.reading() as connection:
            return await read_quote(
                connection, basket, kept=self._kept, home=self._home, now=self._clock.now()
            )

    async def quote_more(
        self, basket: Basket, *, added: Sequence[str], given: Money
    ) -> list[PricedLine]:
        async with self._database.reading() as connection:
            found, taxes = await _asked(
                connection, basket, (), kept=self._kept, home=self._home, now=self._clock.now()
            )
        return price_additions(basket, frozenset(added), given.amount, found.offers, taxes)

    async def retax(
        self, lines: Sequence[AgreedLine], *, country: CountryCode, region: str | None
    ) -> list[PricedLine]:
        async with self._database.reading() as connection:
            taxes = await read_taxes(
                connection,
                kept=self._kept,
                home=self._home,
                country=country,
                region=region,
                now=self._clock.now(),
            )
        return [retaxed(line, taxes) for line in lines]

    async def redeem(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        basket: Basket,
        expected: Money | None = None,
    ) -> bool:
        async with self._database.work() as uow:
            return await uow.once(
                command_id,
                "pricing.redeem",
                bool,
                lambda: redeem(
                    uow,
                    clock=self._clock,
                    kept=self._kept,
                    home=self._home,
                    checkout_id=checkout_id,
                    basket=basket,
                    expected=expected,
                ),
            )

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        async with self._database.work() as uow:
            await uow.once(
                command_id,
                "pricing.release",
                type(None),
                lambda: redemptions.give_back(
                    uow.connection, checkout_id=checkout_id, now=self._clock.now()
                ),
            )
