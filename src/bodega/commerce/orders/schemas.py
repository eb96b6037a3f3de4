"""Request bodies that are the routes' own; all others are values of the contracts."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from bodega.contracts.aftersales import Note, Reason, RequestReturn
from bodega.contracts.orders import OrderSearch
from bodega.kernel.ids import OrderId, OrderLineId


class OrderExport(OrderSearch):
    format: Literal["csv", "ndjson"] = "csv"


class StaffReturn(RequestReturn):
    order_id: OrderId


class Decision(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    approve: bool
    note: Note = ""


class Receipt(BaseModel):
    """Units that arrived by line; a line that is not named arrived completely."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    received: dict[OrderLineId, int] = {}


class GivenUp(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason
