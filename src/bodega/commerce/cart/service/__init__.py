"""Use cases of the cart."""

from bodega.commerce.cart.service.answers import CartService
from bodega.commerce.cart.service.changes import change, claim, open_cart
from bodega.commerce.cart.service.endings import (
    SWEPT_AT_ONCE,
    abandon_idle,
    close_ordered,
    purge,
)
from bodega.commerce.cart.service.shelves import Shelves

__all__ = [
    "SWEPT_AT_ONCE",
    "CartService",
    "Shelves",
    "abandon_idle",
    "change",
    "claim",
    "close_ordered",
    "open_cart",
    "purge",
]
