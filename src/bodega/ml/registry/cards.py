"""What is written down of every model that was trained."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Metrics(BaseModel):
    """Means over queries, 0 to 1, at cut-off k."""

    model_config = ConfigDict(frozen=True)

    k: int
    queries: int
    recall: float
    ndcg: float


class ModelCard(BaseModel):
    """`data` names the Delta versions trained on, `as_of` the instant up to which by `known_at`.
    `validation` chose the candidate; `metrics` and `baseline` come from the later test window."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    trained_at: datetime
    as_of: datetime
    data: dict[str, int]
    code_version: str
    candidate: str
    params: dict[str, float | int | str]
    validation: dict[str, Metrics]
    metrics: Metrics
    baseline: Metrics
    rows: int
    products: int
    promoted: bool
    verdict: str
