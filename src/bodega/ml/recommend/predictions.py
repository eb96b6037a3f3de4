"""What was recommended on which product's page, kept to be joined with what was bought."""

from bodega.contracts.recommend import Recommendations
from bodega.data.lake.storage import Place
from bodega.kernel.clock import Clock
from bodega.kernel.ids import ProductId
from bodega.ml.answers import AnswerLog
from bodega.ml.recommend import NAME


class PredictionLog:
    """`add` is called while a buyer waits and only appends to memory; `flush` writes."""

    def __init__(self, lake: Place, clock: Clock) -> None:
        self._answers = AnswerLog(lake, NAME, clock)

    def add(self, product_id: ProductId, answer: Recommendations) -> None:
        self._answers.add(
            {
                "product_id": str(product_id),
                "source": answer.source,
                "model_version": answer.model_version,
                "product_ids": [str(item) for item in answer.product_ids],
            }
        )

    def flush(self) -> int:
        """Write what waits; how many entries."""
        return self._answers.flush()
