"""What of an order can be sent back, what may come in its place, and what a buyer asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from bodega.contracts.aftersales import ReturnLine, ReturnView
from bodega.contracts.catalog import Catalog, VariantView
from bodega.contracts.orders import OrderLine, OrderView
from bodega.kernel.ids import ProductId, VariantId
from bodega.web.forms import PostedForm

REASONS = ("Does not fit", "Not as described", "Arrived damaged", "Changed my mind")


@dataclass(frozen=True, slots=True)
class Returnable:
    """A line of which `left` units were sent and nobody sends back yet; `instead` is the same
    product as it is sold today, any of which may come in their place."""

    line: OrderLine
    left: int
    instead: list[VariantView]


async def returnable(
    catalog: Catalog, order: OrderView, returns: Sequence[ReturnView]
) -> list[Returnable]:
    found = left_to_return(order, returns)
    sold = await _sold(catalog, order, [line for line, _ in found])
    return [
        Returnable(line, left, sold.get(line.product_id, []) if line.product_id else [])
        for line, left in found
    ]


def left_to_return(order: OrderView, returns: Sequence[ReturnView]) -> list[tuple[OrderLine, int]]:
    """Lines of which units were sent, and how many of them nobody sends back yet."""
    under_way: dict[object, int] = {}
    for item in returns:
        if item.status in ("requested", "approved", "received"):
            for asked in item.lines:
                under_way[asked.line_id] = under_way.get(asked.line_id, 0) + asked.quantity
    return [
        (line, left)
        for line in order.lines
        if line.kind == "product"
        and (left := line.fulfilled - line.returned - under_way.get(line.id, 0)) > 0
    ]


async def _sold(
    catalog: Catalog, order: OrderView, lines: Sequence[OrderLine]
) -> dict[ProductId, list[VariantView]]:
    """An order of another system has no address to send anything to."""
    ids = list(dict.fromkeys(line.product_id for line in lines if line.product_id is not None))
    if not ids or order.checkout_id is None:
        return {}
    return {
        product.id: [
            variant
            for variant in product.variants
            if variant.status == "active" and variant.price.currency == order.total.currency
        ]
        for product in await catalog.products_by_id(ids)
        if product.status == "active"
    }


def asked_back(form: PostedForm, offered: Sequence[Returnable]) -> list[ReturnLine]:
    """More than is left is everything; what was not offered in exchange is money back."""
    reason = form.text("reason")
    return [
        ReturnLine(
            line_id=one.line.id,
            quantity=min(units, one.left),
            reason=reason if reason in REASONS else REASONS[-1],
            exchange_variant_id=_chosen(form, one),
        )
        for one in offered
        if one.line.id is not None and (units := _units(form, one)) > 0
    ]


def _units(form: PostedForm, one: Returnable) -> int:
    field = f"units-{one.line.id}"
    return form.number(field) if form.text(field) else 0


def _chosen(form: PostedForm, one: Returnable) -> VariantId | None:
    asked = form.text(f"instead-{one.line.id}")
    return next((variant.id for variant in one.instead if str(variant.id) == asked), None)
