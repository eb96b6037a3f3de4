"""Errors of orders.

BodegaError
├── NotFound ── OrderNotFound
└── Conflict ── AmountDiffers
"""

from bodega.kernel.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    code = "order_not_found"
    title = "There is no such order"


class AmountDiffers(Conflict):
    code = "order_amount_differs"
    title = "The money captured is not the order's total: compare the payment with the order"
