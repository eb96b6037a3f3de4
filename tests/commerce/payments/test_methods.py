"""Saved cards over HTTP: each customer's own, by token, kept by the provider."""

import httpx
import pytest

from bodega.backbone.module import Context
from bodega.contracts.payments import Payments
from bodega.kernel.ids import CheckoutId, UserId, new_id
from bodega.kernel.money import Money
from tests.kit.doors import Doors, key
from tests.kit.provider import RunningProvider

URL = "/api/v1/payment-methods"


async def saved(client: httpx.AsyncClient, token: str = "pm_card_visa") -> httpx.Response:
    return await client.post(f"{URL}/setups", json={"payment_token": token}, headers=key())


@pytest.fixture
async def ada(doors: Doors, provider: RunningProvider) -> httpx.AsyncClient:
    return await doors.customer()


async def test_a_card_is_saved_listed_and_removed(ada: httpx.AsyncClient) -> None:
    assert (await ada.get(URL)).json() == {"items": []}
    setup = (await saved(ada)).json()
    assert setup["status"] == "saved"
    [card] = (await ada.get(URL)).json()["items"]
    assert card == setup["method"]
    assert (card["brand"], card["last4"]) == ("visa", "4242")
    assert (await ada.delete(f"{URL}/{card['token']}")).status_code == 204
    assert (await ada.get(URL)).json() == {"items": []}
    again = await ada.delete(f"{URL}/{card['token']}")
    assert (again.status_code, again.json()["code"]) == (404, "payment_method_not_found")


async def test_a_saved_card_pays_for_whoever_saved_it(
    ada: httpx.AsyncClient, doors: Doors, context: Context
) -> None:
    token = (await saved(ada)).json()["method"]["token"]
    eve = await doors.customer()
    await saved(eve)
    statuses = []
    for client in (ada, eve):
        me = (await client.get("/api/v1/me")).json()["id"]
        paid = await context.container.get(Payments).authorise(
            checkout_id=CheckoutId(new_id()),
            amount=Money(amount=900, currency="GBP"),
            payment_token=token,
            customer_id=UserId(me),
        )
        statuses.append(paid.status)
    assert statuses == ["authorised", "declined"]


async def test_another_customers_card_is_not_there(ada: httpx.AsyncClient, doors: Doors) -> None:
    setup = (await saved(ada)).json()
    eve = await doors.customer()
    await saved(eve)
    assert (await eve.delete(f"{URL}/{setup['method']['token']}")).status_code == 404
    unseen = await eve.get(f"{URL}/setups/{setup['id']}")
    assert (unseen.status_code, unseen.json()["code"]) == (404, "payment_setup_not_found")
    assert len((await ada.get(URL)).json()["items"]) == 1


async def test_a_card_may_ask_its_holder_first(ada: httpx.AsyncClient) -> None:
    wanted = {"payment_token": "pm_card_authenticationRequired", "return_url": "https://shop.test/"}
    setup = (await ada.post(f"{URL}/setups", json=wanted, headers=key())).json()
    assert setup["status"] == "requires_action"
    async with httpx.AsyncClient() as browser:
        await browser.post(setup["action_url"], data={"outcome": "authorise"})
    done = (await ada.get(f"{URL}/setups/{setup['id']}")).json()
    assert (done["status"], done["method"]["last4"]) == ("saved", "3184")


async def test_a_holder_who_fails_saves_nothing(ada: httpx.AsyncClient) -> None:
    wanted = {"payment_token": "pm_card_authenticationRequired", "return_url": "https://shop.test/"}
    setup = (await ada.post(f"{URL}/setups", json=wanted, headers=key())).json()
    async with httpx.AsyncClient() as browser:
        await browser.post(setup["action_url"], data={"outcome": "fail"})
    failed = (await ada.get(f"{URL}/setups/{setup['id']}")).json()
    assert failed["failure_code"] == "setup_intent_authentication_failure"
    assert (await ada.get(URL)).json() == {"items": []}


async def test_without_a_token_the_browser_takes_the_card(ada: httpx.AsyncClient) -> None:
    setup = (await ada.post(f"{URL}/setups", json={}, headers=key())).json()
    assert setup["status"] == "requires_method"
    assert setup["client_secret"].startswith(setup["id"])


async def test_a_bad_card_is_not_saved(ada: httpx.AsyncClient) -> None:
    refused = (await saved(ada, "pm_card_chargeDeclinedExpiredCard")).json()
    assert (refused["status"], refused["failure_code"]) == ("failed", "expired_card")
    unknown = (await saved(ada, "pm_card_of_nobody")).json()
    assert (unknown["status"], unknown["failure_code"]) == ("failed", "resource_missing")


async def test_the_same_key_saves_once_and_takes_no_other_card(ada: httpx.AsyncClient) -> None:
    once = key()
    for _ in range(2):
        await ada.post(f"{URL}/setups", json={"payment_token": "pm_card_visa"}, headers=once)
    assert len((await ada.get(URL)).json()["items"]) == 1
    other = await ada.post(f"{URL}/setups", json={"payment_token": "pm_card_amex"}, headers=once)
    assert (other.status_code, other.json()["code"]) == (409, "payment_setup_changed")


async def test_guests_keep_no_cards(doors: Doors) -> None:
    assert (await doors.guest().get(URL)).status_code == 401


AMOUNT = Money(amount=900, currency="GBP")
RETURN = "http://shop.test/return"


async def user_id(client: httpx.AsyncClient) -> UserId:
    return UserId((await client.get("/api/v1/me")).json()["id"])


async def test_a_card_is_kept_by_paying_with_it(ada: httpx.AsyncClient, context: Context) -> None:
    payments, me = context.container.get(Payments), await user_id(ada)
    paid = await payments.authorise(
        checkout_id=CheckoutId(new_id()), amount=AMOUNT, payment_token="pm_card_visa",
        customer_id=me, save_method=True,
    )  # fmt: skip
    assert paid.status == "authorised"
    [card] = (await ada.get(URL)).json()["items"]
    assert card["last4"] == "4242"
    again = await payments.authorise(
        checkout_id=CheckoutId(new_id()), amount=AMOUNT, payment_token=card["token"], customer_id=me
    )
    assert again.status == "authorised"
    assert len((await ada.get(URL)).json()["items"]) == 1


async def test_a_declined_card_is_not_kept_nor_one_nobody_agreed_to(
    ada: httpx.AsyncClient, context: Context
) -> None:
    payments, me = context.container.get(Payments), await user_id(ada)
    for token, save in (("pm_card_chargeDeclined", True), ("pm_card_visa", False)):
        await payments.authorise(
            checkout_id=CheckoutId(new_id()), amount=AMOUNT, payment_token=token,
            customer_id=me, save_method=save,
        )  # fmt: skip
    assert (await ada.get(URL)).json() == {"items": []}


async def acted(url: str | None) -> None:
    assert url is not None
    async with httpx.AsyncClient() as bank:
        await bank.post(url, data={"outcome": "authorise"})


@pytest.mark.parametrize(
    ("token", "away"),
    [("pm_card_authenticationRequiredOnSetup", "authorised"),
     ("pm_card_authenticationRequired", "declined")],
)  # fmt: skip
async def test_a_kept_card_asks_its_holder_where_its_bank_says_so(
    ada: httpx.AsyncClient, context: Context, token: str, away: str
) -> None:
    """3-D Secure when it is kept; then: at the till it asks again, while the buyer is away it pays
    if the bank agreed to that, and is declined if it asks always."""
    payments, me = context.container.get(Payments), await user_id(ada)
    first = CheckoutId(new_id())
    waiting = await payments.authorise(
        checkout_id=first, amount=AMOUNT, payment_token=token, customer_id=me,
        save_method=True, return_url=RETURN,
    )  # fmt: skip
    assert waiting.status == "requires_action"
    assert (await ada.get(URL)).json() == {"items": []}
    await acted(waiting.action_url)
    assert (await payments.confirm(checkout_id=first)).status == "authorised"
    [card] = (await ada.get(URL)).json()["items"]
    at_till = await payments.authorise(
        checkout_id=CheckoutId(new_id()), amount=AMOUNT, payment_token=card["token"],
        customer_id=me, return_url=RETURN,
    )  # fmt: skip
    assert at_till.status == "requires_action"
    gone = await payments.authorise(
        checkout_id=CheckoutId(new_id()), amount=AMOUNT, payment_token=card["token"],
        customer_id=me, off_session=True,
    )  # fmt: skip
    assert gone.status == away
    assert gone.failure_code == (None if away == "authorised" else "authentication_required")


async def test_a_guests_card_is_not_kept(context: Context, provider: RunningProvider) -> None:
    paid = await context.container.get(Payments).authorise(
        checkout_id=CheckoutId(new_id()), amount=AMOUNT, payment_token="pm_card_visa",
        save_method=True,
    )  # fmt: skip
    assert paid.status == "authorised"
