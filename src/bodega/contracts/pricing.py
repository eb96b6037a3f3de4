"""What a basket costs: promotions, coupons and taxes, exact to the line; and exchange rates."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from bodega.kernel.address import CountryCode
from bodega.kernel.commands import Command
from bodega.kernel.coupons import CouponCode
from bodega.kernel.events import Event
from bodega.kernel.ids import CheckoutId, CommandId, ProductId, PromotionId, UserId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import Quantity

CouponRefusal = Literal[
    "unknown", "not_yet", "expired", "used_up", "not_applicable", "not_stacking"
]


class BasketLine(BaseModel):
    """`key` names the line in the answer; it is unique in a basket."""

    model_config = ConfigDict(frozen=True)

    key: str
    product_id: ProductId
    variant_id: VariantId
    quantity: Quantity
    unit_price: Money
    category: str | None = None
    tax_class: str = "standard"


class Basket(BaseModel):
    """All money in `currency`. `country` (and `region`) is where the goods go: None before the
    buyer has said so, then the shop's own country is assumed. `shipping` is the price of the
    chosen way to send it, before free-shipping promotions."""

    model_config = ConfigDict(frozen=True)

    currency: str
    lines: Sequence[BasketLine]
    shipping: Money | None = None
    country: CountryCode | None = None
    region: str | None = None
    customer_id: UserId | None = None
    coupons: Sequence[CouponCode] = ()


class AppliedPromotion(BaseModel):
    """`amount` is what it takes off; a `limited` one is to be redeemed before it is promised."""

    promotion_id: PromotionId
    title: str
    coupon: str | None = None
    amount: Money
    limited: bool = False


class PricedLine(BaseModel):
    """`subtotal` is unit price × quantity; `total` is what the buyer pays for the line:
    subtotal − discount, plus `tax` where prices are shown without it (`tax_included` False)."""

    key: str
    subtotal: Money
    discount: Money
    tax: Money
    tax_rate: Decimal
    tax_included: bool
    total: Money
    promotions: list[AppliedPromotion] = []


class AgreedLine(BaseModel):
    """What was agreed on for a line: `amount` is without tax where prices are shown without it,
    with it elsewhere."""

    model_config = ConfigDict(frozen=True)

    key: str
    amount: Money
    tax_class: str = "standard"


class CouponOutcome(BaseModel):
    code: str
    refusal: CouponRefusal | None = None


class Quote(BaseModel):
    """`total` is exactly the sum of the lines' totals and shipping's. `subtotal` is the goods'
    before discounts; `discount` and `tax` are those of goods and shipping together."""

    lines: list[PricedLine]
    shipping: PricedLine | None
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    promotions: list[AppliedPromotion]
    coupons: list[CouponOutcome]


class Rate(BaseModel):
    """One unit of `base` is `rate` units of `quote`."""

    base: str
    quote: str
    rate: Decimal
    day: date
    source: str


class CouponRedeemed(Event):
    type: ClassVar[str] = "pricing.coupon_redeemed"
    checkout_id: CheckoutId
    codes: list[str]

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class Pricing(Protocol):
    """An outside engine may answer in its place. `redeem` is a step of the checkout saga, undone
    by `release`."""

    async def quote(self, basket: Basket) -> Quote:
        """The price now. Refused coupons are named in the answer, never an error."""

    async def quote_more(
        self, basket: Basket, *, added: Sequence[str], given: Money
    ) -> list[PricedLine]:
        """What goods cost that come to an order: the lines of `basket` whose keys are `added`, the
        others being the order's own, from which `given` was taken off. They get what today's
        promotions without a limit take off them in a cart of all the goods, or what that cart gains
        by them, and never so much that the order is given more than that cart. No coupons count."""

    async def retax(
        self, lines: Sequence[AgreedLine], *, country: CountryCode, region: str | None
    ) -> list[PricedLine]:
        """What taxes agreed amounts bear there today. No promotions count."""

    async def redeem(
        self,
        *,
        command_id: CommandId,
        checkout_id: CheckoutId,
        basket: Basket,
        expected: Money | None = None,
    ) -> bool:
        """Count the basket's promotions against their limits; False when one is used up, and when
        the basket no longer comes to the total that was `expected`. Then nothing is counted."""

    async def release(self, *, command_id: CommandId, checkout_id: CheckoutId) -> None:
        """Give back what `redeem` counted; nothing counted is no error."""


class Rates(Protocol):
    """Exchange rates, each with its day and source."""

    async def rate(self, base: str, quote: str, *, at: datetime | None = None) -> Rate:
        """The newest on or before `at` (now). Raises `NotFound` when there is none, direct or
        through the shop's currency."""

    async def convert(self, money: Money, to: str, *, at: datetime | None = None) -> Money:
        """Rounded half to even onto the minor unit of `to`."""

    async def known(self, page: PageRequest, *, base: str | None = None) -> Page[Rate]:
        """Newest first."""

    async def put(self, command: Command, rates: Sequence[Rate]) -> int:
        """How many are new or differ from what was known; a later word on a day replaces the
        first."""
