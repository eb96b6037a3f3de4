"""A postal address as a customer types it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["DE"])]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Address(BaseModel):
    """Personal data: never in an event, a log or the lake. `region` is the state or province where
    taxes need it: the part of its ISO 3166-2 code behind the country's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Line
    line1: _Line
    line2: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    city: _Line
    postal_code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    country: CountryCode
    region: Annotated[str, Field(pattern=r"^([A-Z0-9]{1,3})?$", examples=["CA"])] = ""
