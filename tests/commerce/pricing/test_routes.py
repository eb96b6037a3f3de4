"""Pricing over HTTP: promotions, coupons, taxes and exchange rates as staff keep them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.contracts.pricing import Basket, Pricing
from bodega.kernel.page import encode_cursor
from tests.commerce.pricing.baskets import basket, line
from tests.kit.doors import Doors, key

ADMIN = "/api/v1/admin"
SALE = {"title": "Sale", "kind": "percentage", "percent": "12.5"}


@pytest.fixture
async def clerk(doors: Doors) -> httpx.AsyncClient:
    return await doors.staff(await doors.admin())


async def post(clerk: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    return await clerk.post(f"{ADMIN}{path}", json=body, headers=key())


async def made(clerk: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await post(clerk, "/promotions", SALE | values)
    assert answer.status_code == 201, answer.text
    promotion: dict[str, Any] = answer.json()
    return promotion


async def total(context: Context, asked: Basket) -> int:
    return (await context.container.get(Pricing).quote(asked)).total.amount


async def test_staff_make_a_promotion_and_buyers_pay_less(
    clerk: httpx.AsyncClient, context: Context
) -> None:
    promotion = await made(clerk, automatic=True)
    assert (promotion["currency"], promotion["percent"], promotion["active"]) == (
        "GBP",
        "12.50",
        True,
    )
    assert await total(context, basket(line(1000))) == 875
    at = f"{ADMIN}/promotions/{promotion['id']}"
    assert (await clerk.get(at)).json() == promotion
    off = await clerk.patch(at, json={"active": False, "title": "Over"})
    assert (off.json()["active"], off.json()["title"]) == (False, "Over")
    assert await total(context, basket(line(1000))) == 1000


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "percentage", "percent": None},
        {"kind": "fixed", "percent": None},
        {"kind": "fixed", "discount_amount": 5},
        {"kind": "buy_x_get_y", "buy_quantity": 2},
        {"kind": "free_shipping"},
        {"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"},
    ],
)
async def test_a_promotion_nobody_could_keep_is_refused(
    clerk: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    answer = await post(clerk, "/promotions", SALE | wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "promotion_malformed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": "0"},
        {"percent": "100.01"},
        {"percent": "1.005"},
        {"currency": "XXX"},
        {"kind": "magic"},
        {"total_limit": 0},
        {"starts_at": "2026-12-01T00:00:00"},
        {"surprise": 1},
    ],
)
async def test_a_malformed_promotion_is_refused(
    clerk: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    assert (await post(clerk, "/promotions", SALE | wrong)).status_code == 422


async def test_promotions_and_coupons_come_in_pages(clerk: httpx.AsyncClient) -> None:
    ids = [(await made(clerk))["id"] for _ in range(3)]
    first = (await clerk.get(f"{ADMIN}/promotions?limit=2")).json()
    rest = (await clerk.get(f"{ADMIN}/promotions?cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    path = f"/promotions/{ids[0]}/coupons"
    await post(clerk, path, {"codes": ["c", "a", "b"]} | {"codes": ["CC", "AA", "BB"]})
    first = (await clerk.get(f"{ADMIN}{path}?limit=2")).json()
    rest = (await clerk.get(f"{ADMIN}{path}?cursor={first['next_cursor']}")).json()
    assert [item["code"] for item in first["items"] + rest["items"]] == ["AA", "BB", "CC"]
    forged = await clerk.get(f"{ADMIN}{path}?cursor={encode_cursor('a', 'b')}")
    assert forged.status_code == 422


async def test_coupons_are_named_or_drawn_and_switched_off(
    clerk: httpx.AsyncClient, context: Context
) -> None:
    path = f"/promotions/{(await made(clerk))['id']}/coupons"
    named = await post(clerk, path, {"codes": ["welcome"]})
    assert [item["code"] for item in named.json()] == ["WELCOME"]
    drawn = (await post(clerk, path, {"count": 50, "prefix": "vip", "total_limit": 1})).json()
    assert len({item["code"] for item in drawn}) == 50
    assert all(item["code"].startswith("VIP") and item["total_limit"] == 1 for item in drawn)
    asked = basket(line(1000), coupons=["WELCOME"])
    assert await total(context, asked) == 875
    off = await clerk.patch(f"{ADMIN}/coupons/welcome", json={"active": False})
    assert off.json()["active"] is False
    assert await total(context, asked) == 1000


async def test_what_coupons_cannot_be(clerk: httpx.AsyncClient) -> None:
    promotion = await made(clerk)
    path = f"/promotions/{promotion['id']}/coupons"
    await post(clerk, path, {"codes": ["TAKEN"]})
    automatic = await made(clerk, automatic=True)
    for at, body, expected in (
        (path, {"codes": ["FREE", "TAKEN"]}, (409, "coupon_taken")),
        (path, {}, (400, "promotion_malformed")),
        (f"/promotions/{automatic['id']}/coupons", {"codes": ["AB"]}, (409, "promotion_automatic")),
        (f"/promotions/{uuid4()}/coupons", {"codes": ["AB"]}, (404, "promotion_not_found")),
    ):
        answer = await post(clerk, at, body)
        assert (answer.status_code, answer.json()["code"]) == expected
    assert [item["code"] for item in (await clerk.get(f"{ADMIN}{path}")).json()["items"]] == [
        "TAKEN"
    ]
    unknown = await clerk.patch(f"{ADMIN}/coupons/NOBODYS", json={"active": True})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "coupon_not_found")
    for answer in (
        await clerk.get(f"{ADMIN}/promotions/{uuid4()}"),
        await clerk.patch(f"{ADMIN}/promotions/{uuid4()}", json={}),
        await clerk.get(f"{ADMIN}/promotions/{uuid4()}/coupons"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "promotion_not_found")


async def test_staff_see_what_is_in_force_and_say_otherwise(
    clerk: httpx.AsyncClient, context: Context
) -> None:
    at = f"{ADMIN}/taxes/GB"
    shipped = (await clerk.get(at)).json()
    assert (shipped["collected"], shipped["prices_include_tax"]) == (True, True)
    (standard,) = [rate for rate in shipped["rates"] if rate["tax_class"] == "standard"]
    assert (standard["id"], standard["rate"], bool(standard["source"])) == (None, "0.2", True)
    new = {"rate": "0.1", "source": "Budget", "tax_class": "standard"}
    own = (await post(clerk, "/taxes/GB/rates", new)).json()
    later = new | {"rate": "0.3", "valid_from": "2099-01-01"}
    rates = (await post(clerk, "/taxes/GB/rates", later)).json()["rates"]
    assert [(rate["rate"], rate["in_force"]) for rate in rates if rate["id"]] == [
        ("0.100000", True),
        ("0.300000", False),
    ]
    asked = basket(line(1100))
    assert (await context.container.get(Pricing).quote(asked)).tax.amount == 100
    (mine,) = [rate for rate in own["rates"] if rate["id"]]
    assert (await clerk.delete(f"{at}/rates/{mine['id']}")).status_code == 204
    gone = await clerk.delete(f"{at}/rates/{mine['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "tax_rate_not_found")
    off = await clerk.put(at, json={"prices_include_tax": True, "collected": False})
    assert off.json()["collected"] is False
    assert (await context.container.get(Pricing).quote(asked)).tax.amount == 0


async def test_staff_put_exchange_rates_and_everybody_reads_them(
    clerk: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    rates = [
        {"base": "EUR", "quote": quote, "rate": rate, "day": "2020-01-02", "source": "Bank"}
        for quote, rate in (("USD", "1.25"), ("GBP", "0.8"), ("JPY", "160"))
    ]
    answer = await post(clerk, "/exchange-rates", {"rates": rates})
    assert (answer.status_code, answer.json()) == (201, {"changed": 3})
    found = (await client.get("/api/v1/exchange-rates/GBP/USD")).json()
    assert found == {
        "base": "GBP",
        "quote": "USD",
        "rate": "1.5625",
        "day": "2020-01-02",
        "source": "Bank",
    }
    before = await client.get("/api/v1/exchange-rates/GBP/USD?at=2020-01-01T00:00:00Z")
    assert (before.status_code, before.json()["code"]) == (404, "rate_not_found")
    assert (await client.get("/api/v1/exchange-rates/GBP/XXX")).status_code == 422
    at = f"{ADMIN}/exchange-rates?base=EUR&limit=2"
    first = (await clerk.get(at)).json()
    rest = (await clerk.get(f"{at}&cursor={first['next_cursor']}")).json()
    assert [item["quote"] for item in first["items"] + rest["items"]] == ["USD", "JPY", "GBP"]
    assert (
        await clerk.get(f"{ADMIN}/exchange-rates?cursor={encode_cursor('x')}")
    ).status_code == 422
    wrong = rates[0] | {"rate": "0"}
    assert (await post(clerk, "/exchange-rates", {"rates": [wrong]})).status_code == 422
    same = rates[0] | {"quote": "EUR"}
    assert (await post(clerk, "/exchange-rates", {"rates": [same]})).status_code == 422
