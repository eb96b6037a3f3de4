"""From cart to order: fraud → redeem → reserve → authorise → allocate → place → capture."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints

from bodega.kernel.address import Address, CountryCode
from bodega.kernel.events import Event
from bodega.kernel.ids import CartId, CheckoutId, OrderId, ShippingMethodId, UserId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import PurchaseLimit

CheckoutState = Literal["running", "waiting", "undoing", "completed", "failed"]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$"
    ),
]
# A letter behind the prefix: digits alone would be a card number, which must never reach us.
# `paypal:` asks PayPal, which knows its buyer.
PaymentToken = Annotated[
    str,
    StringConstraints(
        max_length=210, pattern=r"^(paypal:|[a-z]+_[A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*)$"
    ),
]
ReturnUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2000)]


class CheckoutRequest(BaseModel):
    """What a buyer submits. `payment_token` is the provider's token for a card; card numbers never
    reach us. `email` and the addresses are personal data. Without `shipping_method_id` the cheapest
    way is taken; with `expected_total` the checkout is refused when the cart has come to another
    sum (`total_changed`). `return_url` is where the buyer comes back to from 3-D Secure.
    `payment_source` says whether the token is of a card typed in just now, or of one the customer
    has saved; `save_payment_method` that the customer agrees to its being kept for next time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cart_id: CartId
    email: Email
    shipping_address: Address
    payment_token: PaymentToken
    billing_address: Address | None = None
    shipping_method_id: ShippingMethodId | None = None
    expected_total: Money | None = None
    return_url: ReturnUrl | None = None
    payment_source: Literal["new", "saved"] = "new"
    save_payment_method: bool = False


class CheckoutView(BaseModel):
    """How a checkout stands. `waiting` for the buyer means: send them to `action_url`; for
    a review: the order is placed and paid once staff accept it. `failure_code` says why it was
    undone: `out_of_stock`, `promotion_used_up`, `purchase_refused`, `payment_declined` (then
    `decline_code` is the provider's), `payment_not_confirmed`, `payment_not_captured`,
    `review_refused` or `checkout_cancelled`."""

    id: CheckoutId
    cart_id: CartId
    customer_id: UserId | None = None
    state: CheckoutState
    order_id: OrderId | None = None
    order_number: int | None = None
    total: Money
    waiting_for: Literal["buyer", "review"] | None = None
    action_url: str | None = None
    failure_code: str | None = None
    decline_code: str | None = None
    failure_detail: str | None = None


class CartCheckout(BaseModel):
    """What became of a cart at checkout. With an `order_id` the order is placed, and the cart is
    not the buyer's to change any more."""

    id: CheckoutId
    state: CheckoutState
    order_id: OrderId | None = None


class HeldCheckout(BaseModel):
    """A checkout in the review queue: its order is placed, its money authorised and not taken.
    Without a decision it is refused at `waits_until`. `reasons` are the fraud model's."""

    id: CheckoutId
    customer_id: UserId | None
    order_id: OrderId | None
    order_number: int | None
    total: Money
    country: CountryCode | None
    score: float
    reasons: list[str]
    model: str
    started_at: datetime
    waits_until: datetime


class TakenUnits(BaseModel):
    """Of one variant, out of a cart into an order."""

    variant_id: VariantId
    quantity: int


class CheckoutHeld(Event):
    """The order is placed, its money authorised; staff decide whether to take it. `units` as of
    CheckoutCompleted."""

    type: ClassVar[str] = "checkout.held"
    checkout_id: CheckoutId
    cart_id: CartId
    order_id: OrderId
    units: list[TakenUnits] | None = None

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class CheckoutReviewed(Event):
    type: ClassVar[str] = "checkout.reviewed"
    checkout_id: CheckoutId
    reviewer: UserId
    accepted: bool

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class CheckoutCompleted(Event):
    """`units` are what was bought; None in events of older releases."""

    type: ClassVar[str] = "checkout.completed"
    checkout_id: CheckoutId
    cart_id: CartId
    order_id: OrderId
    units: list[TakenUnits] | None = None

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class CheckoutFailed(Event):
    type: ClassVar[str] = "checkout.failed"
    checkout_id: CheckoutId
    cart_id: CartId
    failure_code: str

    @property
    def key(self) -> CheckoutId:
        return self.checkout_id


class Checkouts(Protocol):
    """Ends in a placed and captured order, or fully undone, whatever crashes on the way."""

    async def submit(
        self,
        *,
        checkout_id: CheckoutId,
        request: CheckoutRequest,
        customer_id: UserId | None,
    ) -> CheckoutView:
        """Run the saga for the cart; the same `checkout_id` again answers the same outcome.
        Raises `NotFound` for an unknown cart or somebody else's saved card, `Rejected` for an empty
        one or a guest's card to be saved, `Conflict` when the cart is already being checked out or
        ordered."""

    async def proceed(self, checkout_id: CheckoutId) -> CheckoutView | None:
        """Go on with a checkout that waits for its buyer, who is back; None when unknown."""

    async def abandon(self, checkout_id: CheckoutId) -> CheckoutView | None:
        """Undo a checkout that waits for its buyer, who wants to pay another way; any other goes
        on as it does. None when unknown."""

    async def review(
        self, checkout_id: CheckoutId, *, accept: bool, reviewer: UserId, note: str
    ) -> CheckoutView:
        """Staff decide on a held checkout: capture, or undo it. Raises `NotFound`, `Conflict`."""

    async def held(self, page: PageRequest) -> Page[HeldCheckout]:
        """The review queue, the longest waiting first."""

    async def checkout(self, checkout_id: CheckoutId) -> CheckoutView | None: ...

    async def of_cart(self, cart_id: CartId) -> CartCheckout | None:
        """The checkout of the cart that is under way or went through."""

    async def allowances(
        self,
        *,
        customer_id: UserId,
        limits: Mapping[VariantId, PurchaseLimit],
        beside: CartId | None = None,
    ) -> dict[VariantId, int]:
        """How many units of each the customer may still buy. Checkouts under way count, but for
        that of the cart `beside`."""
