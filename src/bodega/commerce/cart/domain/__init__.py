"""Pure rules of the cart: what a basket is, how it changes, what it looks like with prices."""

from bodega.commerce.cart.domain.basket import (
    Basket,
    Guard,
    Limits,
    Line,
    check_guard,
    check_open,
    check_reader,
    etag,
    left_over,
    merged,
)
from bodega.commerce.cart.domain.changes import changed, fitting, overwrites
from bodega.commerce.cart.domain.view import countable, priced, quoted

__all__ = [
    "Basket",
    "Guard",
    "Limits",
    "Line",
    "changed",
    "check_guard",
    "check_open",
    "check_reader",
    "countable",
    "etag",
    "fitting",
    "left_over",
    "merged",
    "overwrites",
    "priced",
    "quoted",
]
