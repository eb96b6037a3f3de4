"""From cart to order: the saga reserve → authorise → consume → place → capture."""

from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel

from bodega.kernel.address import Address
from bodega.kernel.events import Event
from bodega.kernel.ids import CartId, CheckoutId, OrderId, UserId
from bodega.kernel.money import Money

CheckoutState = Literal["running", "undoing", "completed", "failed"]


class CheckoutRequest(BaseModel):
    """What a buyer submits. `payment_token` is the provider's token for a card; card numbers never
    reach us. `email` and `shipping_address` are personal data."""

    cart_id: CartId
    email: str
    shipping_address: Address
    payment_token: str


class CheckoutView(BaseModel):
    """How a checkout stands; `failure_code` says why it was undone."""

    id: CheckoutId
    cart_id: CartId
    state: CheckoutState
    order_id: OrderId | None = None
    order_number: int | None = None
    total: Money
    failure_code: str | None = None
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
