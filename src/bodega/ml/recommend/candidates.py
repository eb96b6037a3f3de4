"""The models that compete, each turning purchases into neighbours."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bodega.ml.features.purchases import Purchases

if TYPE_CHECKING:
    from bodega.ml.features.purchases import Codes

Params = dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """`rows` says what products are bought together in: an order, or a buyer's whole history."""

    name: str
    rows: str
    build: Callable[[Params, int], Any]
    params: Params = field(default_factory=dict)


def _cosine(_params: Params, count: int) -> Any:
    from implicit.nearest_neighbours import CosineRecommender

    return CosineRecommender(K=count, num_threads=1)


def _bm25(params: Params, count: int) -> Any:
    from implicit.nearest_neighbours import BM25Recommender

    return BM25Recommender(K=count, K1=params["k1"], B=params["b"], num_threads=1)


def _als(params: Params, _count: int) -> Any:
    from implicit.cpu.als import AlternatingLeastSquares

    return AlternatingLeastSquares(
        factors=params["factors"],
        iterations=params["iterations"],
        regularization=params["regularization"],
        random_state=params["seed"],
        num_threads=1,
    )


CANDIDATES = (
    Candidate("baskets-cosine", "basket", _cosine),
    Candidate("baskets-bm25", "basket", _bm25, {"k1": 1.2, "b": 0.75}),
    Candidate("buyers-bm25", "buyer", _bm25, {"k1": 1.2, "b": 0.75}),
    Candidate(
        "baskets-als",
        "basket",
        _als,
        {"factors": 48, "iterations": 10, "regularization": 0.05, "seed": 7},
    ),
)


def fit(candidate: Candidate, purchases: Purchases, *, count: int) -> "Codes":
    """[product, rank] → product: up to `count` neighbours, -1 where there are fewer."""
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    width = len(purchases.products)
    near = np.full((width, count), -1, dtype=np.int64)
    seen = np.unique(purchases.product)
    if len(seen) < 2:
        return near
    with threadpool_limits(1, "blas"):
        model = candidate.build(candidate.params, count + 1)
        with warnings.catch_warnings():
            # BM25 weights come out as COO and are converted by the library itself.
            warnings.filterwarnings("ignore", message="Method expects CSR input")
            model.fit(_matrix(purchases, candidate.rows), show_progress=False)
        for part in np.array_split(seen, max(1, len(seen) // 1000)):
            ids, scores = model.similar_items(part, N=min(count + 1, width))
            for product, found, score in zip(part, ids, scores, strict=True):
                good = found[(found != product) & (score > 0)][:count]
                near[product, : len(good)] = good
    return near


def _matrix(purchases: Purchases, rows: str) -> Any:
    """Rows × products, 1 where bought."""
    import numpy as np
    from scipy.sparse import csr_matrix

    owners = getattr(purchases, rows)
    _, owner = np.unique(owners, return_inverse=True)
    ones = np.ones(len(owner), dtype=np.float32)
    shape = (int(owner.max()) + 1, len(purchases.products))
    matrix = csr_matrix((ones, (owner, purchases.product)), shape=shape)
    matrix.data[:] = 1
    return matrix
