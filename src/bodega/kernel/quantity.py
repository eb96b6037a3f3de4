"""How many units of a variant: a positive whole number small enough to be meant."""

from typing import Annotated

from pydantic import Field

MAX_QUANTITY = 10_000

Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[1])]
