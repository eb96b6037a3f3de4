"""Kinds of values that settings share."""

from typing import Annotated, Final

from pydantic import Field

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

DEV_SECRET: Final = "bodega-development-only"  # noqa: S105 - refused in production
