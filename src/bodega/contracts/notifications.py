"""Messages to customers."""

from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from bodega.kernel.ids import OrderId


class NotificationView(BaseModel):
    """A message and how it fared: queued, sent, failed, or dropped because there was nothing to say
    any more."""

    order_id: OrderId | None
    template: str
    status: str
    created_at: datetime
    sent_at: datetime | None


class Notifications(Protocol):
    """Sends each message once in effect; the address never enters an event or a log."""

    async def of_order(self, order_id: OrderId) -> list[NotificationView]: ...
