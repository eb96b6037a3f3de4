"""Addresses as they stand in forms. Where one field serves all countries, a state or province is
written with its country, `US-CA`, for `WA` is one of Australia's too."""

from bodega.kernel.address import Address
from bodega.web.regions import regions
from bodega.web.storefront.refusals import Refusal

ADDRESS = ("name", "line1", "line2", "city", "postal_code", "region", "country")
_MISSING = "Choose the state or province"


def region_in(typed: str, country: str) -> str:
    """The code behind the country's; empty when the country has none of that name."""
    code = typed.removeprefix(f"{country}-")
    return code if code in dict(regions(country)) else ""


def region_refused(typed: str, country: str, field: str) -> Refusal | None:
    """Where taxes and carriers go by state, an address has to name one."""
    if not regions(country) or region_in(typed, country):
        return None
    return Refusal(
        "Please check the form", f"{_MISSING}.", "form_incomplete", 422, fields={field: _MISSING}
    )


def with_region(address: Address) -> dict[str, str]:
    values: dict[str, str] = address.model_dump()
    region = f"{address.country}-{address.region}" if address.region else ""
    return values | {"region": region}
