"""HTTP of pricing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import AwareDatetime

from bodega.backbone.http.deps import Anyone, PageQuery, Shop, Staff, Work, provided
from bodega.backbone.http.router import admin_router, api_router
from bodega.commerce.pricing.schemas import CouponChange, NewRates, RatesPut
from bodega.commerce.pricing.service import promotions, rates, taxes
from bodega.contracts.pricing import Rate, Rates
from bodega.contracts.promotions import (
    CouponView,
    NewCoupons,
    NewPromotion,
    PromotionChange,
    PromotionView,
)
from bodega.contracts.taxes import (
    CountryTaxes,
    NewTaxRate,
    TaxCountryChange,
    TaxCountrySummary,
    TaxTable,
)
from bodega.kernel.address import CountryCode
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import PromotionId
from bodega.kernel.money import KnownCurrency
from bodega.kernel.page import Page

exchange = api_router("pricing", "/exchange-rates")
staff_promotions = admin_router("pricing", "/promotions")
staff_coupons = admin_router("pricing", "/coupons")
staff_taxes = admin_router("pricing", "/taxes")
staff_rates = admin_router("pricing", "/exchange-rates")

Exchange = Annotated[Rates, provided(Rates)]
_clock = SystemClock()


@exchange.get("/{base}/{quote}")
async def get_rate(
    who: Anyone,
    exchange: Exchange,
    base: KnownCurrency,
    quote: KnownCurrency,
    at: Annotated[AwareDatetime | None, Query()] = None,
) -> Rate:
    """The newest rate on or before `at`, with its day and source."""
    return await exchange.rate(base, quote, at=at)


@staff_promotions.get("")
async def list_promotions(who: Staff, uow: Work, page: PageQuery) -> Page[PromotionView]:
    return await promotions.list_promotions(uow, page=page)


@staff_promotions.post("", status_code=status.HTTP_201_CREATED)
async def create_promotion(who: Staff, uow: Work, shop: Shop, new: NewPromotion) -> PromotionView:
    return await promotions.create_promotion(uow, new=new, shop_currency=shop.currency)


@staff_promotions.get("/{promotion_id}")
async def get_promotion(who: Staff, uow: Work, promotion_id: PromotionId) -> PromotionView:
    return await promotions.show_promotion(uow, promotion_id=promotion_id)


@staff_promotions.patch("/{promotion_id}")
async def change_promotion(
    who: Staff, uow: Work, promotion_id: PromotionId, change: PromotionChange
) -> PromotionView:
    return await promotions.change_promotion(uow, promotion_id=promotion_id, change=change)


@staff_promotions.get("/{promotion_id}/coupons")
async def list_coupons(
    who: Staff, uow: Work, promotion_id: PromotionId, page: PageQuery
) -> Page[CouponView]:
    return await promotions.list_coupons(uow, promotion_id=promotion_id, page=page)


@staff_promotions.post("/{promotion_id}/coupons", status_code=status.HTTP_201_CREATED)
async def create_coupons(
    who: Staff, uow: Work, promotion_id: PromotionId, new: NewCoupons
) -> list[CouponView]:
    return await promotions.create_coupons(uow, promotion_id=promotion_id, new=new)


@staff_coupons.patch("/{code}")
async def change_coupon(who: Staff, uow: Work, code: str, change: CouponChange) -> CouponView:
    return await promotions.change_coupon(uow, code=code, active=change.active)


@staff_taxes.get("")
async def list_tax_countries(
    who: Staff, table: Annotated[TaxTable, provided(TaxTable)]
) -> list[TaxCountrySummary]:
    """Every country with a rate or a word of the shop's own."""
    return await table.countries()


@staff_taxes.get("/{country}")
async def get_taxes(who: Staff, uow: Work, shop: Shop, country: CountryCode) -> CountryTaxes:
    """What is in force there today, shipped or the shop's own."""
    return await taxes.show_country(uow, clock=_clock, home=shop.country, country=country)


@staff_taxes.put("/{country}")
async def change_country(
    who: Staff, uow: Work, shop: Shop, country: CountryCode, change: TaxCountryChange
) -> CountryTaxes:
    return await taxes.change_country(
        uow, clock=_clock, home=shop.country, country=country, change=change
    )


@staff_taxes.post("/{country}/rates", status_code=status.HTTP_201_CREATED)
async def put_tax_rate(
    who: Staff, uow: Work, shop: Shop, country: CountryCode, new: NewTaxRate
) -> CountryTaxes:
    """A rate of the shop's own, before the shipped one."""
    return await taxes.put_rate(uow, clock=_clock, home=shop.country, country=country, new=new)


@staff_taxes.delete("/{country}/rates/{rate_id}", status_code=status.HTTP_204_NO_CONTENT)
async def drop_tax_rate(who: Staff, uow: Work, country: CountryCode, rate_id: UUID) -> None:
    await taxes.drop_rate(uow, country=country, rate_id=rate_id)


@staff_rates.get("")
async def list_rates(
    who: Staff, uow: Work, page: PageQuery, base: Annotated[KnownCurrency | None, Query()] = None
) -> Page[Rate]:
    """Newest first."""
    return await rates.list_rates(uow, base=base, page=page)


@staff_rates.post("", status_code=status.HTTP_201_CREATED)
async def put_rates(who: Staff, uow: Work, new: NewRates) -> RatesPut:
    """A later word on the same day replaces the first."""
    changed = await rates.put_rates(uow, rates=[rate.value() for rate in new.rates])
    return RatesPut(changed=changed)


ROUTERS: list[APIRouter] = [
    exchange,
    staff_promotions,
    staff_coupons,
    staff_taxes,
    staff_rates,
]
