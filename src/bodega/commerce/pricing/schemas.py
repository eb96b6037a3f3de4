"""Request and response bodies of pricing."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bodega.contracts.pricing import CouponCode, PromotionKind, Rate
from bodega.kernel.address import CountryCode
from bodega.kernel.ids import ProductId, PromotionId
from bodega.kernel.money import KnownCurrency

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
TaxClass = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,3}$")]
Source = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)]
Amount = Annotated[int, Field(strict=True, ge=1, lt=2**53, description="minor units")]
Units = Annotated[int, Field(strict=True, ge=1, le=1000)]
Limit = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Priority = Annotated[int, Field(strict=True, ge=0, le=10_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPromotion(_Body):
    """`percentage` needs `percent`, `fixed` `discount_amount`, `buy_x_get_y` both quantities (and
    takes `percent` off what is given, 100 unless told). Amounts are minor units of `currency`, the
    shop's unless told. Without categories and products it is for all goods."""

    title: Title
    kind: PromotionKind
    currency: KnownCurrency | None = None
    percent: Percent | None = None
    discount_amount: Amount | None = None
    buy_quantity: Units | None = None
    get_quantity: Units | None = None
    min_subtotal_amount: Annotated[int, Field(strict=True, ge=0, lt=2**53)] = 0
    max_discount_amount: Amount | None = None
    categories: Annotated[list[Title], Field(max_length=100)] = []
    product_ids: Annotated[list[ProductId], Field(max_length=1000)] = []
    automatic: bool = False
    exclusive: bool = False
    priority: Priority = 100
    total_limit: Limit | None = None
    customer_limit: Limit | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    active: bool = True


class PromotionChange(_Body):
    """Only what is given changes; null lifts a limit or an end. What a promotion takes off never
    changes: make another one."""

    title: Title = ""
    exclusive: bool = False
    priority: Priority = 100
    total_limit: Limit | None = None
    customer_limit: Limit | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    active: bool = True


class PromotionView(BaseModel):
    """`redeemed` counts live orders, while there is a limit to count against."""

    id: PromotionId
    title: str
    kind: PromotionKind
    currency: str
    percent: Decimal | None
    discount_amount: int | None
    buy_quantity: int | None
    get_quantity: int | None
    min_subtotal_amount: int
    max_discount_amount: int | None
    categories: list[str]
    product_ids: list[ProductId]
    automatic: bool
    exclusive: bool
    priority: int
    total_limit: int | None
    customer_limit: int | None
    redeemed: int
    starts_at: datetime | None
    ends_at: datetime | None
    active: bool


class NewCoupons(_Body):
    """Codes of one promotion: those named, or `count` random ones that begin with `prefix`.
    `total_limit` is of each code: 1 makes them single-use."""

    codes: Annotated[list[CouponCode], Field(max_length=1000)] = []
    count: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    prefix: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z0-9]{0,16}$")] = ""
    total_limit: Limit | None = None


class CouponChange(_Body):
    active: bool


class CouponView(BaseModel):
    code: str
    promotion_id: PromotionId
    total_limit: int | None
    redeemed: int
    active: bool


class NewTaxRate(_Body):
    """`rate` is a share of the net price, 0.2 is 20 %; an empty region is the whole country. In
    force from `valid_from` (today) until the next one of the same place and class."""

    tax_class: TaxClass = "standard"
    region: Region = ""
    rate: Annotated[Decimal, Field(ge=0, lt=1, max_digits=7, decimal_places=6)]
    valid_from: date | None = None
    source: Source


class TaxCountryChange(_Body):
    """Whether prices shown to buyers there hold the tax, and whether the shop collects it."""

    prices_include_tax: bool
    collected: bool


class TaxRateView(BaseModel):
    """`id` is that of a rate of the shop's own; shipped ones have none."""

    id: UUID | None
    region: str
    tax_class: str
    rate: Decimal
    valid_from: date
    source: str
    in_force: bool


class CountryTaxes(BaseModel):
    country: CountryCode
    prices_include_tax: bool
    collected: bool
    rates: list[TaxRateView]


class NewRate(_Body):
    base: KnownCurrency
    quote: KnownCurrency
    rate: Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=12)]
    day: date
    source: Source

    @model_validator(mode="after")
    def _of_two(self) -> Self:
        if self.base == self.quote:
            raise ValueError("a rate is between two currencies")
        return self

    def value(self) -> Rate:
        return Rate.model_validate(self.model_dump())


class NewRates(_Body):
    rates: Annotated[list[NewRate], Field(min_length=1, max_length=5000)]


class RatesPut(BaseModel):
    """How many were new or differ from what was known."""

    changed: int
