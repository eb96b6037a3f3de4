"""What further goods cost an order today: priced, taxed and rounded by pricing, which knows what
the order has already and was given for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bodega.backbone.module import Context
from bodega.commerce.orders.domain.lines import discount_total
from bodega.commerce.orders.errors import VariantNotSold
from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.contracts.orders import OrderLine, OrderView
from bodega.contracts.pricing import AgreedLine, Basket, BasketLine, PricedLine, Pricing
from bodega.kernel.address import Address
from bodega.kernel.ids import VariantId
from bodega.kernel.regions import region_of

Wanted = Sequence[tuple[VariantId, int]]
Known = dict[VariantId, SellableVariant]


@dataclass(frozen=True, slots=True)
class Quoted:
    """Lines for what was asked for, in its order: further units of lines, and new goods."""

    more: list[OrderLine]
    new: list[OrderLine]


async def quote(
    context: Context,
    order: OrderView,
    wanted: Wanted,
    *,
    kept: Sequence[OrderLine],
    more: Sequence[tuple[OrderLine, int]] = (),
) -> Quoted:
    """`kept` are the order's goods besides; `more` are further units of lines, at the price agreed
    for those. Raises VariantNotSold."""
    if not wanted and not more:
        return Quoted([], [])
    ids = [line.variant_id for line in kept if line.variant_id is not None]
    known = await context.container.get(Catalog).sellable([*ids, *(id for id, _ in wanted)])
    plain = Quoted(
        [_further(line, units) for line, units in more],
        [_plain(_sold(order, known.get(id)), units) for id, units in wanted],
    )
    if Pricing not in context.container:
        return plain
    return await _priced(context, order, known, kept, plain)


def _sold(order: OrderView, variant: SellableVariant | None) -> SellableVariant:
    if variant is None or not variant.active or variant.price.currency != order.total.currency:
        raise VariantNotSold
    return variant


async def _priced(
    context: Context,
    order: OrderView,
    known: Known,
    kept: Sequence[OrderLine],
    plain: Quoted,
) -> Quoted:
    had = {f"kept:{at}": line for at, line in enumerate(kept)}
    asked = {f"more:{at}": line for at, line in enumerate(plain.more)}
    asked |= {f"new:{at}": line for at, line in enumerate(plain.new)}
    basket = Basket(
        currency=order.total.currency,
        lines=[
            _basket_line(key, line, known)
            for key, line in (had | asked).items()
            if line.kind == "product" and line.variant_id and line.product_id
        ],
        country=order.country,
        region=tax_region(order.shipping_address),
        customer_id=order.customer_id,
    )
    found = await context.container.get(Pricing).quote_more(
        basket, added=list(asked), given=discount_total(had.values(), order.total.currency)
    )
    priced = {line.key: _as_priced(asked[line.key], line) for line in found}
    return Quoted(
        [priced[f"more:{at}"] for at in range(len(plain.more))],
        [priced[f"new:{at}"] for at in range(len(plain.new))],
    )


def _basket_line(key: str, line: OrderLine, known: Known) -> BasketLine:
    assert line.variant_id is not None
    assert line.product_id is not None
    variant = known.get(line.variant_id)
    return BasketLine(
        key=key,
        product_id=line.product_id,
        variant_id=line.variant_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        category=variant.category if variant else None,
        tax_class=variant.tax_class if variant else "standard",
    )


def _as_priced(line: OrderLine, priced: PricedLine) -> OrderLine:
    return line.model_copy(
        update={
            "discount": priced.discount if priced.discount.amount else None,
            "tax": priced.tax,
            "tax_rate": priced.tax_rate,
            "tax_included": priced.tax_included,
            "total": priced.total,
        }
    )


def tax_region(address: Address | None) -> str:
    """Where within the country taxes are looked up, as checkout did."""
    if address is None:
        return ""
    return address.region or region_of(address.country, address.postal_code) or ""


async def retaxed(
    context: Context, order: OrderView, lines: Sequence[OrderLine], address: Address
) -> list[OrderLine]:
    """The lines with the taxes of another region of the country: one that bears others there than
    where it was to go is a line of its own, for the old one was invoiced."""
    moved = tax_region(address) != tax_region(order.shipping_address)
    if not moved or Pricing not in context.container:
        return list(lines)
    ids = [line.variant_id for line in lines if line.variant_id is not None]
    known = await context.container.get(Catalog).sellable(ids)
    agreed = [_agreed(str(at), line, known) for at, line in enumerate(lines)]
    pricing, before = context.container.get(Pricing), tax_region(order.shipping_address)
    here = await pricing.retax(agreed, country=address.country, region=before)
    there = await pricing.retax(agreed, country=address.country, region=tax_region(address))
    return [
        line if old.tax_rate == new.tax_rate else _taxed(line, new)
        for line, old, new in zip(lines, here, there, strict=True)
    ]


def _agreed(key: str, line: OrderLine, known: Known) -> AgreedLine:
    net = line.total if line.tax_included or line.tax is None else line.total - line.tax
    variant = known.get(line.variant_id) if line.variant_id else None
    own = variant.tax_class if variant else "standard"
    return AgreedLine(key=key, amount=net, tax_class="shipping" if line.kind == "shipping" else own)


def _taxed(line: OrderLine, priced: PricedLine) -> OrderLine:
    if (line.tax_rate, line.tax_included) == (priced.tax_rate, priced.tax_included):
        return line
    return line.model_copy(
        update={
            "id": None,
            "tax": priced.tax,
            "tax_rate": priced.tax_rate,
            "tax_included": priced.tax_included,
            "total": priced.total,
        }
    )


def _further(line: OrderLine, units: int) -> OrderLine:
    """Further units of a line, before anything is taken off."""
    return OrderLine(
        product_id=line.product_id,
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        quantity=units,
        unit_price=line.unit_price,
        total=line.unit_price * units,
    )


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
