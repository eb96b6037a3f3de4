"""The catalogue over HTTP."""

import base64
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.kernel.ids import VariantId
from tests.commerce.people import customer, fresh_key, product, staff

PRODUCTS, ADMIN = "/api/v1/products", "/api/v1/admin/products"
Headers = dict[str, str]


@pytest.fixture
async def clerk(client: httpx.AsyncClient, settings: Settings) -> Headers:
    return await staff(client, settings)


def new(**values: Any) -> dict[str, Any]:
    variant = {"sku": uuid4().hex[:12], "price": {"amount": 599, "currency": "GBP"}}
    return {"title": "Red Mug", "variants": [variant]} | values


async def create(client: httpx.AsyncClient, who: Headers, body: Any) -> httpx.Response:
    return await client.post(ADMIN, json=body, headers=who | fresh_key())


async def test_what_staff_create_everybody_sees(client: httpx.AsyncClient, clerk: Headers) -> None:
    made = await create(client, clerk, new(category="Kitchen", description="A mug"))
    assert made.status_code == 201, made.text
    assert made.json()["slug"] == "red-mug"
    assert (await client.get(f"{PRODUCTS}/red-mug")).json() == made.json()
    assert (await client.get(PRODUCTS)).json()["items"] == [made.json()]
    assert (await client.get("/api/v1/categories")).json() == ["Kitchen"]


async def test_only_staff_create_and_change(client: httpx.AsyncClient, clerk: Headers) -> None:
    made = await product(client, clerk)
    at = f"{ADMIN}/{made['id']}"
    for who, status in (({}, 401), (await customer(client), 403)):
        assert (await create(client, who, new())).status_code == status
        answer = await client.patch(at, json={"title": "Mine"}, headers=who)
        assert answer.status_code == status
    assert (await client.get(f"{PRODUCTS}/{made['slug']}")).json()["title"] == "Red Mug"


async def test_the_same_key_creates_once_and_refuses_another_body(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    key, body = clerk | fresh_key(), new()
    first = await client.post(ADMIN, json=body, headers=key)
    again = await client.post(ADMIN, json=body, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post(ADMIN, json=new(title="Other"), headers=key)
    assert (other.status_code, other.json()["code"]) == (400, "idempotency_key_reused")
    assert len((await client.get(PRODUCTS)).json()["items"]) == 1


async def test_slugs_and_skus_are_unique_and_a_refusal_leaves_nothing(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    body = new()
    await create(client, clerk, body)
    same_slug = await create(client, clerk, new())
    assert (same_slug.status_code, same_slug.json()["code"]) == (409, "slug_taken")
    same_sku = await create(client, clerk, body | {"title": "Other"})
    assert (same_sku.status_code, same_sku.json()["code"]) == (409, "sku_taken")
    assert (await client.get(f"{PRODUCTS}/other")).status_code == 404


async def test_drafts_and_archived_products_are_hidden(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    draft = (await create(client, clerk, new(status="draft", category="Secret"))).json()
    made = await product(client, clerk)
    at = f"{ADMIN}/{made['id']}"
    assert (await client.patch(at, json={"status": "archived"}, headers=clerk)).status_code == 200
    assert (await client.get(PRODUCTS)).json()["items"] == []
    for slug in (draft["slug"], made["slug"]):
        answer = await client.get(f"{PRODUCTS}/{slug}")
        assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")
    assert (await client.get("/api/v1/categories")).json() == []
    await client.patch(at, json={"status": "active"}, headers=clerk)
    assert len((await client.get(PRODUCTS)).json()["items"]) == 1


async def test_pages_show_every_product_once_newest_first(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    slugs = [(await product(client, clerk, category=f"C{n % 2}"))["slug"] for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(PRODUCTS, params={"limit": "2"} | cursor)).json()
        seen += [item["slug"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == slugs[::-1]
    of_one = (await client.get(PRODUCTS, params={"category": "C1"})).json()["items"]
    assert [item["slug"] for item in of_one] == [slugs[3], slugs[1]]


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"cursor": "x"},
        {"cursor": "💥"},
        {"cursor": cursor()},
        {"cursor": cursor("2026-01-01T00:00:00+00:00")},
        {"cursor": cursor("yesterday", str(uuid4()))},
        {"cursor": cursor("2026-01-01T00:00:00+00:00", "'; DROP TABLE x")},
        {"cursor": cursor(1, 2)},
        {"cursor": "x" * 501},
        {"category": "x" * 201},
    ],
)
async def test_a_forged_page_is_malformed(
    client: httpx.AsyncClient, params: dict[str, Any]
) -> None:
    answer = await client.get(PRODUCTS, params=params)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


WRONG: list[dict[str, Any]] = [
    {"title": ""},
    {"title": "   "},
    {"title": "x" * 201},
    {"title": 5},
    {"slug": "Not A Slug"},
    {"slug": "../etc"},
    {"status": "sold"},
    {"image_url": "javascript:alert(1)"},
    {"image_url": "http://plain.example/a.png"},
    {"variants": []},
    {"variants": [{"sku": "a b", "price": {"amount": 1, "currency": "GBP"}}]},
    {"variants": [{"sku": "A", "price": {"amount": 1.5, "currency": "GBP"}}]},
    {"variants": [{"sku": "A", "price": {"amount": "1", "currency": "GBP"}}]},
    {"variants": [{"sku": "A", "price": {"amount": 1, "currency": "XXX"}}]},
    {"variants": [{"sku": "A", "price": {"amount": 2**63, "currency": "GBP"}}]},
    {"variants": [{"sku": "A", "price": {"amount": -1, "currency": "GBP"}}]},
    {"variants": [{"sku": "A", "price": {"amount": 10**12 + 1, "currency": "GBP"}}]},
    {"id": "x"},
]


async def test_bad_products_are_malformed(client: httpx.AsyncClient, clerk: Headers) -> None:
    for wrong in WRONG:
        answer = await create(client, clerk, new(**wrong))
        assert answer.status_code == 422, (wrong, answer.text)
    assert (await client.get(PRODUCTS)).json()["items"] == []


@pytest.mark.parametrize("body", [{"title": "a\x00b"}, {"description": "\x00"}])
async def test_what_the_database_cannot_store_is_malformed(
    client: httpx.AsyncClient, clerk: Headers, body: dict[str, str]
) -> None:
    assert (await create(client, clerk, new(**body))).status_code == 422
    assert (await client.get(f"{PRODUCTS}/%00")).status_code in (404, 422)
    assert (await client.get(PRODUCTS, params={"category": "\x00"})).status_code == 422


async def test_changing_what_is_not_there_is_said_so(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    for change in ({"title": "New"}, {}):
        answer = await client.patch(f"{ADMIN}/{uuid4()}", json=change, headers=clerk)
        assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")
    assert (await client.patch(f"{ADMIN}/1", json={}, headers=clerk)).status_code == 422


async def test_a_change_changes_only_what_is_given(
    client: httpx.AsyncClient, clerk: Headers
) -> None:
    made = await product(client, clerk, description="A mug", category="Kitchen")
    at = f"{ADMIN}/{made['id']}"
    answer = await client.patch(at, json={"title": "Blue Mug"}, headers=clerk)
    assert answer.json() == made | {"title": "Blue Mug"}


async def test_staff_change_a_variant_and_what_it_is_sold_in(
    client: httpx.AsyncClient, clerk: Headers, context: Context
) -> None:
    made = (await create(client, clerk, new(category="Books", tax_class="reduced"))).json()
    variant = made["variants"][0]
    assert (made["tax_class"], variant["weight_grams"], variant["min_quantity"]) == (
        "reduced",
        0,
        1,
    )
    at = f"{ADMIN}/{made['id']}/variants/{variant['id']}"
    change = {
        "price": {"amount": 799, "currency": "GBP"},
        "weight_grams": 350,
        "min_quantity": 2,
        "max_quantity": 10,
        "quantity_step": 2,
        "purchase_limit": {"units": 12, "days": 30},
    }
    changed = await client.patch(at, json=change, headers=clerk)
    assert changed.status_code == 200, changed.text
    assert changed.json()["variants"] == [variant | change]
    known = await context.container.get(Catalog).sellable([VariantId(UUID(variant["id"]))])
    sold = known[VariantId(UUID(variant["id"]))]
    assert (sold.price.amount, sold.category, sold.tax_class) == (799, "Books", "reduced")
    assert (sold.weight_grams, sold.min_quantity, sold.max_quantity, sold.quantity_step) == (
        350,
        2,
        10,
        2,
    )
    for body, expected in (
        ({"max_quantity": 1}, (400, "quantities_malformed")),
        ({"purchase_limit": {"units": 1}}, (400, "quantities_malformed")),
        ({"purchase_limit": {"units": 0}}, (422, "invalid")),
        ({"purchase_limit": {"units": 2, "days": 0}}, (422, "invalid")),
        ({"purchase_limit": {"days": 3}}, (422, "invalid")),
        ({"weight_grams": -1}, (422, "invalid")),
        ({"price": {"amount": -1, "currency": "GBP"}}, (422, "invalid")),
    ):
        answer = await client.patch(at, json=body, headers=clerk)
        assert answer.status_code == expected[0], answer.text
    lifted = await client.patch(at, json={"max_quantity": None, "title": None}, headers=clerk)
    assert lifted.json()["variants"][0]["max_quantity"] is None
    assert lifted.json()["variants"][0]["purchase_limit"] == {"units": 12, "days": 30}
    ever = await client.patch(at, json={"purchase_limit": {"units": 4}}, headers=clerk)
    assert ever.json()["variants"][0]["purchase_limit"] == {"units": 4, "days": None}
    lifted = await client.patch(at, json={"purchase_limit": None}, headers=clerk)
    assert lifted.json()["variants"][0]["purchase_limit"] is None
    stranger = f"{ADMIN}/{uuid4()}/variants/{variant['id']}"
    answer = await client.patch(stranger, json={"weight_grams": 1}, headers=clerk)
    assert (answer.status_code, answer.json()["code"]) == (404, "variant_not_found")
    less = {"sku": "less", "price": variant["price"], "min_quantity": 5, "max_quantity": 4}
    refused = await create(client, clerk, new(variants=[less], title="Less"))
    assert (refused.status_code, refused.json()["code"]) == (400, "quantities_malformed")
