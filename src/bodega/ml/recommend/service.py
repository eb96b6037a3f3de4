"""Answers the shop from memory: the promoted model's neighbours, else best sellers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.recommend import Recommendations
from bodega.data.lake.published import stamp
from bodega.data.lake.storage import Place
from bodega.kernel.ids import ProductId
from bodega.ml.features.popularity import best_sellers
from bodega.ml.recommend import NAME
from bodega.ml.recommend.neighbours import Neighbours
from bodega.ml.recommend.predictions import PredictionLog
from bodega.ml.registry.store import Registry

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Model:
    version: str
    near: dict[UUID, list[UUID]]


class RecommendService:
    """Answers `bodega.contracts.recommend.Recommender`. `refresh` follows the registry and the
    published set; requests meanwhile see the state before."""

    def __init__(self, lake: Place, models: Path, predictions: PredictionLog) -> None:
        self._lake = lake
        self._registry = Registry(models, NAME)
        self._predictions = predictions
        self._model: _Model | None = None
        self._popular: list[UUID] = []
        self._model_stamp: tuple[int, int] | None = None
        self._sales_stamp: tuple[int, int] | None = None

    async def also_bought(self, *, product_id: ProductId, limit: int = 6) -> Recommendations:
        model = self._model
        near = model.near.get(product_id, []) if model else []
        if model and near:
            answer = _answer(
                [*near, *self._popular],
                limit,
                {product_id},
                source="model",
                version=model.version,
            )
        else:
            answer = self._best({product_id}, limit)
        self._predictions.add(product_id, answer)
        return answer

    async def popular(
        self, *, limit: int = 6, exclude: Sequence[ProductId] = ()
    ) -> Recommendations:
        return self._best(set(exclude), limit)

    def _best(self, exclude: set[ProductId], limit: int) -> Recommendations:
        return _answer(self._popular, limit, exclude, source="popularity")

    def refresh(self) -> None:
        """Load what changed; blocking, so call it from a thread. What cannot be loaded is logged
        and tried again, and the state before goes on answering."""
        try:
            self._refresh_model()
            self._refresh_popular()
        except Exception:
            log.exception("recommendations_not_refreshed")

    def _refresh_model(self) -> None:
        now = self._registry.stamp()
        if now == self._model_stamp:
            return
        folder = self._registry.current()
        self._model = _load(folder) if folder else None
        self._model_stamp = now
        log.info("model_answers", model=NAME, version=folder.name if folder else None)

    def _refresh_popular(self) -> None:
        now = stamp(self._lake)
        if now == self._sales_stamp:
            return
        self._popular = [UUID(item) for item in best_sellers(self._lake)]
        self._sales_stamp = now


def _load(folder: Path) -> _Model:
    table = Neighbours.load(folder)
    ids = [UUID(item) for item in table.products]
    near = {ids[place]: [ids[other] for other in row] for place, row in enumerate(table.near)}
    return _Model(folder.name, near)


def _answer(
    ranked: Iterable[UUID],
    limit: int,
    exclude: set[ProductId],
    *,
    source: str,
    version: str | None = None,
) -> Recommendations:
    chosen = list(dict.fromkeys(item for item in ranked if item not in exclude))[: max(0, limit)]
    return Recommendations.model_validate(
        {
            "product_ids": chosen,
            "source": source if chosen else "none",
            "model_version": version if chosen else None,
        }
    )
