"""Shipping over HTTP and through its contract."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.commerce.shipping.domain import EXPRESS, STANDARD, WORLD
from bodega.contracts.shipping import Parcel, Shipping
from bodega.kernel.ids import ShippingMethodId, new_id
from bodega.kernel.money import Money
from tests.kit.doors import Doors, key

OPTIONS, ZONES = "/api/v1/shipping-options", "/api/v1/admin/shipping-zones"
METHODS = "/api/v1/admin/shipping-methods"
FLAT = {"name": "Van", "tiers": [{"price_amount": 300}], "min_days": 1, "max_days": 1}


async def asked(client: httpx.AsyncClient, country: str = "GB", **values: Any) -> list[Any]:
    params = {"country": country, "subtotal": 1000} | values
    answer = await client.get(OPTIONS, params=params)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()
    return found


async def make(staff: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    answer = await staff.post(path, json=body, headers=key())
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def clerk(doors: Doors) -> httpx.AsyncClient:
    return await doors.staff(await doors.admin())


async def test_a_new_shop_sends_everywhere(client: httpx.AsyncClient) -> None:
    standard, express = await asked(client, "NZ")
    assert standard == {
        "method_id": str(STANDARD),
        "name": "Standard",
        "carrier": None,
        "price": {"amount": 490, "currency": "GBP"},
        "min_days": 2,
        "max_days": 5,
    }
    assert express["price"]["amount"] == 1290
    assert (await asked(client, subtotal=5000))[0]["price"]["amount"] == 0


async def test_an_option_is_found_by_its_method(context: Context) -> None:
    shipping = context.container.get(Shipping)
    parcel = Parcel(country="GB", subtotal=Money(amount=1000, currency="GBP"), units=1)
    found = await shipping.option(EXPRESS, parcel)
    assert found
    assert found.price.amount == 1290
    assert await shipping.option(ShippingMethodId(new_id()), parcel) is None


async def test_the_first_change_makes_the_built_in_set_the_shops_own(
    client: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    (shown,) = (await clerk.get(ZONES)).json()
    assert shown["built_in"]
    change = {"tiers": [{"price_amount": 590}], "free_above_amount": None}
    answer = await clerk.patch(f"{METHODS}/{STANDARD}", json=change)
    assert answer.status_code == 200, answer.text
    (kept,) = (await clerk.get(ZONES)).json()
    assert not kept["built_in"]
    assert [method["name"] for method in kept["methods"]] == ["Standard", "Express"]
    prices = [item["price"]["amount"] for item in await asked(client, subtotal=9000)]
    assert prices == [590, 1290]
    await clerk.patch(f"{METHODS}/{EXPRESS}", json={"active": False})
    assert len(await asked(client)) == 1


async def test_a_zone_of_ones_own_goes_before_the_world(
    client: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    city = await make(
        clerk, ZONES, {"name": "City", "countries": ["GB"], "postal_prefixes": ["n1", "E1"]}
    )
    assert city["postal_prefixes"] == ["N1", "E1"]
    assert await asked(client, postal_code="N1 1AA") == []
    await make(clerk, f"{ZONES}/{city['id']}/methods", FLAT)
    assert [item["name"] for item in await asked(client, postal_code="N1 1AA")] == ["Van"]
    assert len(await asked(client, postal_code="SW1A 1AA")) == 2
    answer = await clerk.patch(f"{ZONES}/{city['id']}", json={"active": False})
    assert answer.json()["active"] is False
    assert len(await asked(client, postal_code="N1 1AA")) == 2


async def test_weight_decides_where_the_list_says_so(
    client: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    body = FLAT | {
        "basis": "weight",
        "tiers": [{"up_to": 1000, "price_amount": 100}, {"up_to": 2000, "price_amount": 200}],
    }
    await make(clerk, f"{ZONES}/{WORLD}/methods", body)
    for weight, van in ((1000, [100]), (1001, [200]), (2001, [])):
        found = await asked(client, weight_grams=weight)
        assert [item["price"]["amount"] for item in found if item["name"] == "Van"] == van


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (ZONES, {"name": "X", "postal_prefixes": ["N1"]}, "zone_malformed"),
        (
            f"{ZONES}/{WORLD}/methods",
            FLAT | {"basis": "weight", "tiers": [{"price_amount": 1}, {"price_amount": 2}]},
            "method_malformed",
        ),
        (f"{ZONES}/00000000-0000-7000-8000-000000000000/methods", FLAT, "zone_not_found"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    clerk: httpx.AsyncClient, path: str, body: dict[str, Any], code: str
) -> None:
    answer = await clerk.post(path, json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (
        404 if "not_found" in code else 400,
        code,
    )


async def test_unknown_zones_and_methods_are_not_found(clerk: httpx.AsyncClient) -> None:
    zone = await clerk.patch(f"{ZONES}/{uuid4()}", json={"name": "X"})
    assert (zone.status_code, zone.json()["code"]) == (404, "zone_not_found")
    method = await clerk.patch(f"{METHODS}/{uuid4()}", json={"name": "X"})
    assert (method.status_code, method.json()["code"]) == (404, "shipping_method_not_found")


@pytest.mark.parametrize(
    "params",
    [{}, {"country": "gb", "subtotal": 1}, {"country": "GB", "subtotal": -1},
     {"country": "GB", "subtotal": 1, "weight_grams": -1},
     {"country": "GB", "subtotal": 1, "units": 0},
     {"country": "GB", "subtotal": 1, "currency": "pounds"},
     {"country": "GB", "subtotal": 1, "currency": "XXX"}],
)  # fmt: skip
async def test_a_malformed_parcel_is_refused(
    client: httpx.AsyncClient, params: dict[str, Any]
) -> None:
    assert (await client.get(OPTIONS, params=params)).status_code == 422
