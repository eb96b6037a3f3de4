"""3-D Secure over HTTP, with the provider's own challenge page in the middle."""

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.kernel.ids import CartId, VariantId, new_id
from tests.commerce.checkout.test_routes import body, buy
from tests.kit.doors import key
from tests.kit.goods import filled_cart, level, stocked
from tests.kit.provider import RunningProvider

ASKS = "pm_card_authenticationRequired"
BACK = "https://shop.test/checkout/return"


@pytest.fixture
async def mug(context: Context) -> VariantId:
    return await stocked(context, 2)


@pytest.fixture
async def cart(context: Context, mug: VariantId) -> CartId:
    return await filled_cart(context, mug)


async def sent_to_the_bank(client: httpx.AsyncClient, cart: CartId) -> httpx.Response:
    answer = await buy(client, body(cart, payment_token=ASKS, return_url=BACK))
    assert answer.status_code == 202, answer.text
    assert (answer.json()["state"], answer.json()["waiting_for"]) == ("waiting", "buyer")
    return answer


async def act(answer: httpx.Response, outcome: str) -> httpx.Response:
    """The buyer at the bank: `authorise` or `fail`; where they are sent."""
    async with httpx.AsyncClient() as browser:
        return await browser.post(answer.json()["action_url"], data={"outcome": outcome})


async def back(client: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    return await client.post(f"{answer.headers['location']}/proceed", headers=key())


async def test_a_buyer_who_agrees_has_bought(
    client: httpx.AsyncClient, cart: CartId, provider: RunningProvider
) -> None:
    asked = await sent_to_the_bank(client, cart)
    assert (await back(client, asked)).status_code == 202
    sent = await act(asked, "authorise")
    assert sent.headers["location"].startswith(BACK)
    done = await back(client, asked)
    assert (done.status_code, done.json()["state"]) == (200, "completed"), done.text
    assert (await client.get(asked.headers["location"])).json() == done.json()


async def test_a_buyer_who_fails_has_not(
    client: httpx.AsyncClient, cart: CartId, context: Context, mug: VariantId
) -> None:
    asked = await sent_to_the_bank(client, cart)
    await act(asked, "fail")
    answer = await back(client, asked)
    assert (answer.status_code, answer.json()["code"]) == (402, "payment_declined")
    assert (await level(context, mug)).available == 2


async def test_without_a_way_back_the_card_is_declined(
    client: httpx.AsyncClient, cart: CartId
) -> None:
    answer = await buy(client, body(cart, payment_token=ASKS))
    assert (answer.status_code, answer.json()["code"]) == (402, "payment_declined")


async def test_a_buyer_who_wants_to_pay_another_way_may(
    client: httpx.AsyncClient, cart: CartId, context: Context, mug: VariantId
) -> None:
    asked = await sent_to_the_bank(client, cart)
    for _ in range(2):
        left = await client.post(f"{asked.headers['location']}/abandon", headers=key())
        said = left.json()
        assert (left.status_code, said["failure_code"]) == (200, "checkout_cancelled"), left.text
    assert (await level(context, mug)).available == 2
    bought = await buy(client, body(cart))
    assert bought.status_code == 201, bought.text
    kept = await client.post(f"{bought.headers['location']}/abandon", headers=key())
    assert kept.json()["state"] == "completed"
    nobodys = f"/api/v1/checkouts/{new_id()}/abandon"
    assert (await client.post(nobodys, headers=key())).status_code == 404
