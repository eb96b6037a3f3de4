"""Errors of views.

BodegaError
└── NotFound ── HistoryNotFound, CustomerNotSeen
"""

from bodega.kernel.errors import NotFound


class HistoryNotFound(NotFound):
    code = "order_history_not_found"
    title = "No event has told of this order, or not yet"


class CustomerNotSeen(NotFound):
    code = "customer_view_not_found"
    title = "No event has told of an order of this customer, or not yet"
