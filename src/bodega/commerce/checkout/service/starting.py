"""What the same checkout must come with again, and why a cart has no second one."""

import hashlib

from bodega.backbone.module import Context
from bodega.commerce.checkout import repository
from bodega.commerce.checkout.errors import CartInCheckout, CartOrdered
from bodega.contracts.checkout import CheckoutRequest
from bodega.kernel.ids import UserId


def fingerprint(request: CheckoutRequest, customer_id: UserId | None) -> bytes:
    """What the same checkout id must come with again."""
    return hashlib.sha256(f"{customer_id}\n{request.model_dump_json()}".encode()).digest()


async def busy(context: Context, request: CheckoutRequest) -> CartInCheckout | CartOrdered:
    """Why no second checkout of the cart can begin."""
    async with context.database.reading() as connection:
        other = await repository.find_of_cart(connection, request.cart_id)
    return CartOrdered() if other and other.state == "completed" else CartInCheckout()
