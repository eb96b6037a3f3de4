"""Checkout over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.kernel.ids import CartId, UserId, VariantId, new_id
from bodega.kernel.money import Money
from tests.kit.doors import Doors, key
from tests.kit.goods import filled_cart, level, stocked
from tests.kit.provider import RunningProvider

ADDRESS = {"name": "Ada Buyer", "line1": "1 High Street", "city": "London", "country": "GB"}


def body(cart_id: CartId, **changes: Any) -> dict[str, Any]:
    asked = {
        "cart_id": str(cart_id),
        "email": "ada@example.com",
        "shipping_address": ADDRESS,
        "payment_token": "pm_card_visa",
    }
    return asked | changes


@pytest.fixture
async def mug(context: Context) -> VariantId:
    return await stocked(context, 2)


@pytest.fixture
async def cart(context: Context, mug: VariantId) -> CartId:
    return await filled_cart(context, mug)


async def buy(
    client: httpx.AsyncClient, sent: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx.Response:
    return await client.post("/api/v1/checkouts", json=sent, headers=headers or key())


async def test_a_guest_buys_and_finds_the_checkout_again(
    client: httpx.AsyncClient, cart: CartId
) -> None:
    bought = await buy(client, body(cart))
    assert bought.status_code == 201, bought.text
    assert (bought.json()["state"], bought.json()["order_number"]) == ("completed", 1001)
    assert "ada" not in bought.text
    found = await client.get(bought.headers["location"])
    assert found.json() == bought.json()


async def test_the_same_key_answers_the_same_and_buys_once(
    client: httpx.AsyncClient, cart: CartId, context: Context, mug: VariantId
) -> None:
    once = key()
    first, second = await asyncio.gather(
        buy(client, body(cart), once), buy(client, body(cart), once)
    )
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert (await level(context, mug)).available == 1


async def test_the_same_key_with_another_body_is_refused(
    client: httpx.AsyncClient, cart: CartId
) -> None:
    once = key()
    await buy(client, body(cart), once)
    answer = await buy(client, body(cart, email="eve@example.com"), once)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_reused")


async def test_two_guests_may_choose_the_same_key(
    client: httpx.AsyncClient, context: Context, mug: VariantId
) -> None:
    once = {"idempotency-key": "1"}
    carts = [await filled_cart(context, mug) for _ in range(2)]
    answers = [await buy(client, body(cart), once) for cart in carts]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_no_key_no_checkout(client: httpx.AsyncClient, cart: CartId) -> None:
    answer = await client.post("/api/v1/checkouts", json=body(cart))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_a_declined_card_is_402_again_and_again(
    client: httpx.AsyncClient, cart: CartId
) -> None:
    once, sent = key(), body(cart, payment_token="pm_card_chargeDeclined")
    for _ in range(2):
        answer = await buy(client, sent, once)
        assert (answer.status_code, answer.json()["code"]) == (402, "payment_declined")
        assert answer.json()["decline_code"] == "generic_decline"
    checkout = await client.get(f"/api/v1/checkouts/{answer.json()['checkout_id']}")
    assert checkout.json()["state"] == "failed"


async def test_too_little_stock_is_409(
    client: httpx.AsyncClient, context: Context, mug: VariantId
) -> None:
    answer = await buy(client, body(await filled_cart(context, mug, quantity=3)))
    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")


async def test_an_ordered_cart_is_409(client: httpx.AsyncClient, cart: CartId) -> None:
    await buy(client, body(cart))
    answer = await buy(client, body(cart))
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_ordered")


async def test_a_provider_that_is_away_is_202(
    client: httpx.AsyncClient, cart: CartId, provider: RunningProvider
) -> None:
    provider.line.cut("lost")
    answer = await buy(client, body(cart))
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    assert (await client.get(answer.headers["location"])).json()["state"] == "running"


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_token": "4242424242424242"},
        {"payment_token": "pm_4242424242424242"},
        {"payment_token": "pm_4242_4242_4242_4242"},
        {"email": "nobody"},
        {"shipping_address": {}},
        {"card_number": "4242424242424242"},
    ],
)
async def test_malformed_requests_are_422(
    client: httpx.AsyncClient, cart: CartId, changes: dict[str, Any]
) -> None:
    answer = await buy(client, body(cart, **changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_a_customers_checkout_is_for_the_customer_and_staff(
    doors: Doors, context: Context, mug: VariantId
) -> None:
    ada, eve = await doors.customer(), await doors.customer()
    me = UserId(UUID((await ada.get("/api/v1/me")).json()["id"]))
    bought = await buy(ada, body(await filled_cart(context, mug, customer_id=me)))
    assert bought.status_code == 201, bought.text
    where = bought.headers["location"]
    assert (await ada.get(where)).json()["customer_id"] == str(me)
    staff = await doors.staff(await doors.admin())
    assert (await staff.get(where)).status_code == 200
    for stranger in (eve, doors.guest()):
        answer = await stranger.get(where)
        assert (answer.status_code, answer.json()["code"]) == (404, "checkout_not_found")


async def test_an_unknown_checkout_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/checkouts/{new_id()}")).status_code == 404


@pytest.fixture
async def painting(context: Context) -> VariantId:
    """Dear enough to be reviewed when nobody scores it."""
    return await stocked(context, 2, price=Money(amount=90_000, currency="GBP"))


async def test_staff_take_the_money_of_a_held_purchase(
    doors: Doors, context: Context, painting: VariantId
) -> None:
    guest, staff = doors.guest(), await doors.staff(await doors.admin())
    held = await buy(guest, body(await filled_cart(context, painting)))
    assert held.status_code == 202, held.text
    assert (held.json()["state"], held.json()["waiting_for"]) == ("waiting", "review")
    queue = await staff.get("/api/v1/admin/checkouts/held")
    assert [item["id"] for item in queue.json()["items"]] == [held.json()["id"]]
    where = f"/api/v1/admin/checkouts/{held.json()['id']}/review"
    once, said = key(), {"accept": True, "note": "Known buyer"}
    for _ in range(2):
        answer = await staff.post(where, json=said, headers=once)
        assert (answer.status_code, answer.json()["state"]) == (200, "completed"), answer.text
    other = await staff.post(where, json={"accept": False}, headers=key())
    assert (other.status_code, other.json()["code"]) == (409, "review_decided")


async def test_a_refused_purchase_tells_its_buyer(
    doors: Doors, context: Context, painting: VariantId
) -> None:
    guest, staff = doors.guest(), await doors.staff(await doors.admin())
    once, sent = key(), body(await filled_cart(context, painting))
    held = await buy(guest, sent, once)
    where = f"/api/v1/admin/checkouts/{held.json()['id']}/review"
    refused = await staff.post(where, json={"accept": False}, headers=key())
    assert (refused.json()["state"], refused.json()["failure_code"]) == ("failed", "review_refused")
    answer = await buy(guest, sent, once)
    assert (answer.status_code, answer.json()["code"]) == (409, "review_refused")


async def test_what_does_not_wait_is_not_reviewed(
    doors: Doors, cart: CartId, client: httpx.AsyncClient
) -> None:
    staff = await doors.staff(await doors.admin())
    bought = await buy(client, body(cart))
    for checkout_id, status, code in (
        (bought.json()["id"], 409, "not_in_review"),
        (new_id(), 404, "checkout_not_found"),
    ):
        where = f"/api/v1/admin/checkouts/{checkout_id}/review"
        answer = await staff.post(where, json={"accept": True}, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_coming_back_to_a_finished_checkout_changes_nothing(
    client: httpx.AsyncClient, cart: CartId
) -> None:
    bought = await buy(client, body(cart))
    back = await client.post(f"{bought.headers['location']}/proceed", headers=key())
    assert (back.status_code, back.json()) == (200, bought.json())
    nobody = await client.post(f"/api/v1/checkouts/{new_id()}/proceed", headers=key())
    assert (nobody.status_code, nobody.json()["code"]) == (404, "checkout_not_found")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/relative", "https://a b"])
async def test_a_buyer_comes_back_to_a_web_address_only(
    client: httpx.AsyncClient, cart: CartId, address: str
) -> None:
    answer = await buy(client, body(cart, return_url=address))
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def own_cart(ada: httpx.AsyncClient, context: Context, mug: VariantId) -> CartId:
    me = UserId(UUID((await ada.get("/api/v1/me")).json()["id"]))
    return await filled_cart(context, mug, customer_id=me)


METHODS = "/api/v1/payment-methods"


async def test_a_customer_keeps_a_card_at_checkout_and_pays_with_it(
    doors: Doors, context: Context, mug: VariantId
) -> None:
    ada = await doors.customer()
    kept = await buy(ada, body(await own_cart(ada, context, mug), save_payment_method=True))
    assert kept.status_code == 201, kept.text
    [card] = (await ada.get(METHODS)).json()["items"]
    chosen = {"payment_token": card["token"], "payment_source": "saved"}
    paid = await buy(ada, body(await own_cart(ada, context, mug), **chosen))
    assert paid.status_code == 201, paid.text
    assert (await ada.get(METHODS)).json()["items"] == [card]


async def test_somebody_elses_card_is_not_there(
    doors: Doors, client: httpx.AsyncClient, context: Context, mug: VariantId, cart: CartId
) -> None:
    """Neither chosen as saved nor slipped in as a new one; a removed one is gone as well."""
    ada, eve = await doors.customer(), await doors.customer()
    await buy(ada, body(await own_cart(ada, context, mug), save_payment_method=True))
    [card] = (await ada.get(METHODS)).json()["items"]
    stolen = {"payment_token": card["token"], "payment_source": "saved"}
    basket = await own_cart(eve, context, mug)
    for who, where in ((eve, basket), (client, cart)):
        refused = await buy(who, body(where, **stolen))
        assert (refused.status_code, refused.json()["code"]) == (404, "payment_method_not_found")
    slipped = await buy(eve, body(basket, payment_token=card["token"]))
    assert (slipped.status_code, slipped.json()["code"]) == (402, "payment_declined")
    assert (await ada.delete(f"{METHODS}/{card['token']}")).status_code == 204
    gone = await buy(ada, body(await own_cart(ada, context, mug), **stolen))
    assert gone.status_code == 404


async def test_a_guest_keeps_no_card(client: httpx.AsyncClient, cart: CartId) -> None:
    refused = await buy(client, body(cart, save_payment_method=True))
    assert (refused.status_code, refused.json()["code"]) == (400, "sign_in_to_save")


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("paypal:", 400, "payment_provider_not_here"),
        ("paypal:4242424242424242", 422, "malformed"),
        ("paypal", 422, "malformed"),
    ],
    ids=["not set up", "a card number", "no token"],
)
async def test_a_token_may_name_paypal_where_it_is_set_up(
    client: httpx.AsyncClient, cart: CartId, token: str, status: int, code: str
) -> None:
    answer = await buy(client, body(cart, payment_token=token))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
