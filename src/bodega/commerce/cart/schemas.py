"""Request bodies of the cart."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bodega.contracts.cart import Note
from bodega.kernel.ids import VariantId
from bodega.kernel.quantity import MAX_QUANTITY, Quantity


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineChange(_Body):
    """How many units the line shall have; 0 removes it."""

    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY, examples=[1])]


class LineAddition(_Body):
    """How many units to add to whatever is there."""

    variant_id: VariantId
    quantity: Quantity


class LineSaving(_Body):
    """Put aside for later, or back into the cart."""

    saved: bool


class NoteChange(_Body):
    """What the buyer wants to tell the shop; empty removes it."""

    note: Note
