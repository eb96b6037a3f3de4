"""What can be wrong with a question about a metric.

MetricUnknown       no metric has that name
DimensionUnknown    the metric cannot be told apart by that
"""

from bodega.kernel.errors import Invalid, NotFound


class MetricUnknown(NotFound):
    code = "metric_unknown"
    title = "There is no such metric"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no metric {name}: see `bodega metrics list`.")


class DimensionUnknown(Invalid):
    code = "metric_dimension_unknown"
    title = "The metric cannot be told apart by that"

    def __init__(self, metric: str, dimension: str, known: list[str]) -> None:
        super().__init__(f"{metric} is not known by {dimension}, but by {', '.join(known)}.")
