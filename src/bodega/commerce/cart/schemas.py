"""Request bodies of the cart."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bodega.kernel.quantity import MAX_QUANTITY


class LineChange(BaseModel):
    """How many units the line shall have; 0 removes it."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY, examples=[1])]
