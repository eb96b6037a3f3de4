"""Baskets and offers for tests of pricing."""

from typing import Any
from uuid import UUID

from bodega.commerce.pricing.domain.promotions import Offer
from bodega.contracts.pricing import Basket, BasketLine
from bodega.kernel.ids import ProductId, PromotionId, VariantId, new_id
from bodega.kernel.money import Money


def line(price: int, quantity: int = 1, *, currency: str = "GBP", **values: Any) -> BasketLine:
    given = {
        "key": str(new_id()),
        "product_id": ProductId(new_id()),
        "variant_id": VariantId(new_id()),
        "quantity": quantity,
        "unit_price": Money(amount=price, currency=currency),
    }
    return BasketLine.model_validate(given | values)


def basket(*lines: BasketLine, shipping: int | None = None, **values: Any) -> Basket:
    currency = values.pop("currency", lines[0].unit_price.currency if lines else "GBP")
    sent = None if shipping is None else Money(amount=shipping, currency=currency)
    return Basket(currency=currency, lines=lines, shipping=sent, **values)


def offer(kind: str, *, id_: int = 1, **values: Any) -> Offer:
    given = {"id": PromotionId(UUID(int=id_)), "title": kind, "kind": kind, "currency": "GBP"}
    return Offer(**(given | values))
