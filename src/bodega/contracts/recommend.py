"""What else a buyer may want."""

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import BaseModel

from bodega.kernel.ids import ProductId


class Recommendations(BaseModel):
    """Best first. `source` says who answered: the model, or popularity when there is none yet;
    `model_version` is the registry's, None for popularity."""

    product_ids: list[ProductId]
    source: Literal["model", "popularity", "none"]
    model_version: str | None = None


class Recommender(Protocol):
    """Answers within 50 ms or the caller falls back."""

    async def also_bought(self, *, product_id: ProductId, limit: int = 6) -> Recommendations:
        """Products bought by those who bought this one; never the product itself."""

    async def popular(
        self, *, limit: int = 6, exclude: Sequence[ProductId] = ()
    ) -> Recommendations:
        """Best sellers of the recent past."""
