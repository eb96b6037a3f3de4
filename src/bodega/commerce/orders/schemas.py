"""Request bodies that are the routes' own; all others are values of the contracts."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bodega.contracts.aftersales import Note, Reason, RequestReturn
from bodega.contracts.orders import OrderSearch
from bodega.kernel.ids import OrderId, OrderLineId
from bodega.kernel.page import PageRequest


class OrderQuery(OrderSearch):
    """A search beside a page: a model in the query sees all of it, and refuses what it does not
    know."""

    @model_validator(mode="before")
    @classmethod
    def _beside_the_page(cls, asked: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value for name, value in asked.items() if name not in PageRequest.model_fields
        }


class OrderExport(OrderSearch):
    format: Literal["csv", "ndjson"] = "csv"


class OrderLookUp(BaseModel):
    """What stands in a guest's confirmation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=1, lt=2**62)]
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]


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
