"""Find products by words."""

from typing import Protocol

from pydantic import BaseModel

from bodega.kernel.ids import ProductId


class SearchHit(BaseModel):
    product_id: ProductId
    score: float


class Search(Protocol):
    """Full text over active products. The index follows `catalog.product_changed` and may lag by
    seconds; hits name ids, the catalogue says how they stand."""

    async def find(self, query: str, *, limit: int = 20) -> list[SearchHit]:
        """Best first; any text is a valid query, an empty one finds nothing."""
