"""Goods, stock and carts, made through contracts."""

from uuid import UUID, uuid4

from bodega.backbone.module import Context
from bodega.contracts.cart import Carts
from bodega.contracts.catalog import Catalog, ImportedProduct
from bodega.contracts.checkout import CheckoutRequest
from bodega.contracts.inventory import Inventory, StockLevel
from bodega.kernel.address import Address
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import (
    CartId,
    CommandId,
    ImportBatchId,
    ProductId,
    UserId,
    VariantId,
    new_id,
)
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest

ADDRESS = Address(name="Ada Buyer", line1="1 High Street", city="London", country="GB")
PRICE = Money(amount=599, currency="GBP")


async def stocked(context: Context, units: int, *, price: Money = PRICE, **more: str) -> VariantId:
    """A fresh variant with that many units on hand."""
    variant_id = VariantId(new_id())
    key = uuid4().hex[:12]
    product = ImportedProduct(
        id=ProductId(new_id()),
        variant_id=variant_id,
        source_key=key,
        sku=key,
        title=f"Mug {key}",
        description="",
        category=None,
        price=price,
        first_seen_at=SystemClock().now(),
        **more,
    )
    await context.container.get(Catalog).bulk_load(
        [product], source="test", import_batch_id=ImportBatchId(new_id())
    )
    if units:
        await context.container.get(Inventory).receive(
            command_id=CommandId(new_id()),
            variant_id=variant_id,
            quantity=units,
            reason="received",
        )
    return variant_id


async def filled_cart(
    context: Context,
    *variants: VariantId,
    quantity: int = 1,
    customer_id: UserId | None = None,
) -> CartId:
    carts = context.container.get(Carts)
    cart = await carts.open(command_id=CommandId(new_id()), customer_id=customer_id)
    for variant_id in variants:
        await carts.set_line(
            command_id=CommandId(new_id()),
            cart_id=cart.id,
            customer_id=customer_id,
            variant_id=variant_id,
            quantity=quantity,
        )
    return cart.id


async def level(context: Context, variant_id: UUID) -> StockLevel:
    page = await context.container.get(Inventory).levels(PageRequest(limit=100))
    return next(item for item in page.items if item.variant_id == variant_id)


def purchase(cart_id: CartId, *, token: str = "pm_card_visa", **changes: object) -> CheckoutRequest:
    asked = {
        "cart_id": cart_id,
        "email": "ada@example.com",
        "shipping_address": ADDRESS,
        "payment_token": token,
    }
    return CheckoutRequest.model_validate(asked | changes)
