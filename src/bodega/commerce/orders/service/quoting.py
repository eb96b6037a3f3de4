"""What further goods cost an order today: the catalogue's price, taxed and rounded by pricing."""

from collections.abc import Sequence

from bodega.backbone.module import Context
from bodega.commerce.orders.errors import VariantNotSold
from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.contracts.orders import OrderLine, OrderView
from bodega.contracts.pricing import Basket, BasketLine, Pricing
from bodega.kernel.ids import VariantId
from bodega.kernel.regions import region_of

Wanted = Sequence[tuple[VariantId, int]]


async def quote(context: Context, order: OrderView, wanted: Wanted) -> list[OrderLine]:
    """Lines in the order of `wanted`, without coupons. Raises VariantNotSold."""
    if not wanted:
        return []
    known = await context.container.get(Catalog).sellable([variant for variant, _ in wanted])
    goods: list[tuple[SellableVariant, int]] = []
    for variant_id, quantity in wanted:
        variant = known.get(variant_id)
        if variant is None or not variant.active or variant.price.currency != order.total.currency:
            raise VariantNotSold
        goods.append((variant, quantity))
    if Pricing not in context.container:
        return [_plain(variant, quantity) for variant, quantity in goods]
    return await _priced(context, order, goods)


async def _priced(
    context: Context, order: OrderView, goods: Sequence[tuple[SellableVariant, int]]
) -> list[OrderLine]:
    basket = Basket(
        currency=order.total.currency,
        lines=[
            BasketLine(
                key=str(at),
                product_id=variant.product_id,
                variant_id=variant.id,
                quantity=quantity,
                unit_price=variant.price,
                category=variant.category,
                tax_class=variant.tax_class,
            )
            for at, (variant, quantity) in enumerate(goods)
        ],
        country=order.country,
        region=_region(order),
        customer_id=order.customer_id,
    )
    priced = {line.key: line for line in (await context.container.get(Pricing).quote(basket)).lines}
    return [
        _plain(variant, quantity).model_copy(
            update={
                "discount": priced[str(at)].discount if priced[str(at)].discount.amount else None,
                "tax": priced[str(at)].tax,
                "tax_rate": priced[str(at)].tax_rate,
                "tax_included": priced[str(at)].tax_included,
                "total": priced[str(at)].total,
            }
        )
        for at, (variant, quantity) in enumerate(goods)
    ]


def _region(order: OrderView) -> str:
    """Where within the country taxes are looked up, as checkout did."""
    address = order.shipping_address
    if address is None:
        return ""
    return address.region or region_of(address.country, address.postal_code) or ""


def _plain(variant: SellableVariant, quantity: int) -> OrderLine:
    return OrderLine(
        product_id=variant.product_id,
        variant_id=variant.id,
        sku=variant.sku,
        title=variant.title,
        quantity=quantity,
        unit_price=variant.price,
        total=variant.price * quantity,
    )
