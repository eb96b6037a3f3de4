"""Promotions and their coupons, as staff make them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.commands import Command
from bodega.kernel.coupons import CouponCode
from bodega.kernel.ids import ProductId, PromotionId
from bodega.kernel.money import KnownCurrency
from bodega.kernel.page import Page, PageRequest

PromotionKind = Literal["percentage", "fixed", "buy_x_get_y", "free_shipping"]
PromotionState = Literal["running", "scheduled", "ended", "used up", "off"]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
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
    """`redeemed` counts live orders, while there is a limit to count against; `uses` counts them
    all, and `given` is what they were given in minor units of `currency`."""

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
    uses: int = 0
    given: int = 0

    def state(self, now: datetime) -> PromotionState:
        if not self.active:
            return "off"
        if self.ends_at is not None and self.ends_at <= now:
            return "ended"
        if self.total_limit is not None and self.redeemed >= self.total_limit:
            return "used up"
        if self.starts_at is not None and self.starts_at > now:
            return "scheduled"
        return "running"


class NewCoupons(_Body):
    """Codes of one promotion: those named, or `count` random ones that begin with `prefix`.
    `total_limit` is of each code: 1 makes them single-use."""

    codes: Annotated[list[CouponCode], Field(max_length=1000)] = []
    count: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    prefix: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z0-9]{0,16}$")] = ""
    total_limit: Limit | None = None


class CouponView(BaseModel):
    code: str
    promotion_id: PromotionId
    total_limit: int | None
    redeemed: int
    active: bool


class Promotions(Protocol):
    """What staff do with promotions. What a promotion takes off never changes once it is made."""

    async def promotions(self, page: PageRequest) -> Page[PromotionView]:
        """Newest first."""

    async def promotion(self, promotion_id: PromotionId) -> PromotionView:
        """Raises `NotFound`."""

    async def create(self, command: Command, new: NewPromotion) -> PromotionView:
        """Raises `Rejected` when it lacks what its kind needs."""

    async def change(
        self, command: Command, promotion_id: PromotionId, change: PromotionChange
    ) -> PromotionView:
        """Raises `NotFound`, `Rejected`."""

    async def coupons(self, promotion_id: PromotionId, page: PageRequest) -> Page[CouponView]:
        """By code. Raises `NotFound`."""

    async def add_coupons(
        self, command: Command, promotion_id: PromotionId, new: NewCoupons
    ) -> list[CouponView]:
        """Raises `NotFound`, `Rejected`, and `Conflict` for a code that is taken or a promotion
        that applies by itself."""

    async def change_coupon(self, command: Command, code: str, *, active: bool) -> CouponView:
        """Switch a code off or on. Raises `NotFound`."""
