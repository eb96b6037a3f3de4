"""Errors of views.

BodegaError
└── NotFound ── HistoryNotFound, CustomerNotSeen, LakeTableNotFound, LakeColumnNotFound
"""

from bodega.kernel.errors import NotFound


class HistoryNotFound(NotFound):
    code = "order_history_not_found"
    title = "No event has told of this order, or not yet"


class CustomerNotSeen(NotFound):
    code = "customer_view_not_found"
    title = "No event has told of an order of this customer, or not yet"


class LakeTableNotFound(NotFound):
    code = "lake_table_not_found"
    title = "The lake has no such table: see /api/v1/admin/lake/tables"


class LakeColumnNotFound(NotFound):
    code = "lake_column_not_found"
    title = "The lake has no such column: see /api/v1/admin/lake/tables?q=…"
