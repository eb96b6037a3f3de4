"""From cart to order: the saga reserve → authorise → consume → place → capture."""

from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints

from bodega.kernel.address import Address
from bodega.kernel.events import Event
from bodega.kernel.ids import CartId, CheckoutId, OrderId, UserId
from bodega.kernel.money import Money

CheckoutState = Literal["running", "undoing", "completed", "failed"]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$"
    ),
]
PaymentToken = Annotated[str, StringConstraints(pattern=r"^[a-z]+_[A-Za-z0-9_]{1,200}$")]


class CheckoutRequest(BaseModel):
    """What a buyer submits. `payment_token` is the provider's token for a card; card numbers never
    reach us. `email` and `shipping_address` are personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cart_id: CartId
    email: Email
    shipping_address: Address
    payment_token: PaymentToken


class CheckoutView(BaseModel):
    """How a checkout stands. `failure_code` says why it was undone: `out_of_stock`,
    `payment_declined` (then `decline_code` is the provider's) or `payment_not_captured`."""

    id: CheckoutId
    cart_id: CartId
    customer_id: UserId | None = None
    state: CheckoutState
    order_id: OrderId | None = None
    order_number: int | None = None
    total: Money
    failure_code: str | None = None
    decline_code: str | None = None
    failure_detail: str | None = None


class CheckoutCompleted(Event):
    type: ClassVar[str] = "checkout.completed"
    checkout_id: CheckoutId
    cart_id: CartId
    order_id: OrderId

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
        Raises `NotFound` for an unknown cart, `Rejected` for an empty one, `Conflict` when the cart
        is already being checked out or ordered."""

    async def checkout(self, checkout_id: CheckoutId) -> CheckoutView | None: ...
