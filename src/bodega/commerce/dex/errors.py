"""Errors of data exchange.

BodegaError
├── Rejected ── NothingAsked, ColumnUnknown
├── NotFound ── DatasetUnknown
└── Unavailable ── InsightsUnavailable
"""

from bodega.kernel.errors import NotFound, Rejected, Unavailable


class NothingAsked(Rejected):
    code = "external_nothing_asked"
    title = "Ask for a place (latitude and longitude), for symbols, or for both"


class ColumnUnknown(Rejected):
    code = "insight_column_unknown"
    title = "The dataset has no such column, or no day to bound: see /api/v1/insights/datasets"


class DatasetUnknown(NotFound):
    code = "insight_dataset_unknown"
    title = "No such dataset is published: see /api/v1/insights/datasets"


class InsightsUnavailable(Unavailable):
    code = "insights_unavailable"
    title = "The lake does not answer right now: try again shortly"
