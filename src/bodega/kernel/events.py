"""What happened: immutable, versioned, keyed by its aggregate, without personal data."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel, ABC):
    """The payload of one event; a subclass states `type` ("orders.order_placed") and `version`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    @abstractmethod
    def key(self) -> UUID:
        """The aggregate whose events stay in order."""


class Envelope(BaseModel):
    """An event as the log carries it."""

    model_config = ConfigDict(frozen=True)

    event_id: UUID
    type: str
    version: int
    key: UUID
    occurred_at: datetime
    correlation_id: str
    causation_id: UUID | None = None
    actor: str
    payload: dict[str, Any]
