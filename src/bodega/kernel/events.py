"""What happened: immutable, versioned, keyed by its aggregate, without personal data."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from bodega.kernel.errors import Conflict

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]


class EventTooNew(Conflict):
    code = "event_too_new"
    title = "The event's version is newer than this release knows: deploy the newer one, replay it"


class Event(BaseModel, ABC):
    """The payload of one event; a subclass states `type` ("orders.order_placed") and `version`.

    A version grows by fields with defaults, which old readers skip and new ones fill in. Anything
    else is a new version, and `upcasters[n]` makes a payload of version n one of n + 1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    version: ClassVar[int] = 1
    upcasters: ClassVar[Mapping[int, Upcaster]] = {}

    @property
    @abstractmethod
    def key(self) -> UUID:
        """The aggregate whose events stay in order."""

    @classmethod
    def read(cls, version: int, payload: Payload) -> Self:
        """An event as it was written under `version`. Raises EventTooNew, pydantic's
        ValidationError."""
        if version > cls.version:
            raise EventTooNew(f"{cls.type} {version} is unknown here: {cls.version} is the newest")
        for step in range(version, cls.version):
            payload = cls.upcasters[step](payload)
        return cls.model_validate(payload)


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
