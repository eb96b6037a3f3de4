"""The double's saved cards, late refunds and webhooks, as Stripe's own client sees them."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from fastapi import FastAPI, Request

from bodega.commerce.payments.adapters.double import StripeDouble
from bodega.commerce.payments.adapters.double_courier import Courier
from bodega.commerce.payments.adapters.double_requests import Answer
from bodega.commerce.payments.adapters.stripe_webhooks import SUBSCRIBED

KEY = "Bearer sk_test_x"
SECRET = "whsec_test"
HOLD = {"amount": "1999", "currency": "gbp", "capture_method": "manual", "confirm": "true"}


class Bank:
    """The double, at a time that the test moves."""

    def __init__(self, path: Path) -> None:
        self.now = 1_800_000_000.0
        self.double = StripeDouble(path / "double.sqlite3", clock=lambda: self.now)
        self.courier = Courier(self.double, secret=SECRET)
        self.endpoint = FastAPI()

    def post(self, path: str, **form: str) -> Answer:
        return self.double.answer("POST", f"/v1/{path}", form, authorization=KEY)

    def get(self, path: str, **query: str) -> Any:
        return self.double.answer("GET", f"/v1/{path}", query, authorization=KEY).body

    def saved(self, **form: str) -> tuple[str, str]:
        """A customer with a card."""
        customer = self.post("customers").body["id"]
        setup = {"customer": customer, "payment_method": "pm_card_visa", "confirm": "true"}
        kept = self.post("setup_intents", **(setup | form)).body
        return customer, kept["payment_method"]


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    bank = Bank(tmp_path)
    yield bank
    bank.double.close()


def test_a_saved_card_pays_for_its_customer_only(bank: Bank) -> None:
    customer, method = bank.saved()
    paid = bank.post("payment_intents", customer=customer, payment_method=method, **HOLD)
    assert paid.body["status"] == "requires_capture"
    other = bank.post("payment_intents", customer="cus_other", payment_method=method, **HOLD)
    nobody = bank.post("payment_intents", payment_method=method, **HOLD)
    assert (other.status, nobody.status) == (400, 400)


def test_a_detached_card_is_listed_no_more(bank: Bank) -> None:
    customer, method = bank.saved()
    listed = bank.get("payment_methods", customer=customer)["data"]
    assert [item["id"] for item in listed] == [method]
    assert bank.post(f"payment_methods/{method}/detach").body["customer"] is None
    assert bank.get("payment_methods", customer=customer)["data"] == []
    assert bank.post(f"payment_methods/{method}/detach").status == 400


def test_a_declined_card_is_not_saved(bank: Bank) -> None:
    customer = bank.post("customers").body["id"]
    refused = bank.post(
        "setup_intents", customer=customer, payment_method="pm_card_chargeDeclined", confirm="true"
    )
    assert (refused.status, refused.body["error"]["code"]) == (402, "card_declined")


def test_a_refund_may_fail_after_it_went_well(bank: Bank) -> None:
    intent = bank.post(
        "payment_intents",
        **(HOLD | {"capture_method": "automatic"}),
        payment_method="pm_card_refundFail",
    ).body["id"]
    refund = bank.post("refunds", payment_intent=intent).body
    assert refund["status"] == "succeeded"
    bank.now += 3
    failed = bank.get(f"refunds/{refund['id']}")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    told = [event["type"] for event in bank.get("events")["data"]]
    assert told[:2] == ["charge.refund.updated", "refund.failed"]


def test_a_charge_is_booked_with_its_fee(bank: Bank) -> None:
    bank.post(
        "payment_intents", **(HOLD | {"capture_method": "automatic"}), payment_method="pm_card_visa"
    )
    [booked] = bank.get("balance_transactions")["data"]
    assert (booked["amount"], booked["fee"], booked["net"]) == (1999, 88, 1911)


def test_events_tell_a_payment_from_its_beginning(bank: Bank) -> None:
    bank.post("payment_intents", payment_method="pm_card_visa", **HOLD)
    assert [event["type"] for event in reversed(bank.get("events")["data"])] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
    ]


@pytest.fixture
def inbox(bank: Bank) -> list[dict[str, Any]]:
    """What an endpoint took that trusts Stripe's own client to verify it."""
    taken: list[dict[str, Any]] = []

    @bank.endpoint.post("/hook")
    async def hook(request: Request) -> dict[str, str]:
        body = (await request.body()).decode()
        header = request.headers["stripe-signature"]
        stripe.WebhookSignature.verify_header(body, header, SECRET, tolerance=None)
        taken.append(json.loads(body))
        return {}

    return taken


async def delivered(bank: Bank) -> int:
    transport = httpx.ASGITransport(bank.endpoint)
    async with httpx.AsyncClient(transport=transport) as client:

        async def post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
            return (await client.post(url, content=body, headers=headers)).is_success

        return await bank.courier.deliver_due(post)


async def test_webhooks_are_signed_as_stripes_client_expects(
    bank: Bank, inbox: list[dict[str, Any]]
) -> None:
    bank.courier.travel(url="http://shop.test/hook")
    bank.post("payment_intents", payment_method="pm_card_visa", **HOLD)
    assert await delivered(bank) == 3
    assert inbox[0]["type"] == "payment_intent.created"
    assert bank.courier.mode()["deliveries"] == {"delivered": 3}
    assert await delivered(bank) == 0


async def test_webhooks_come_late_and_twice_on_request(
    bank: Bank, inbox: list[dict[str, Any]]
) -> None:
    bank.courier.travel(url="http://shop.test/hook", delay_seconds=60, copies=2, spread_seconds=30)
    bank.post("payment_intents", payment_method="pm_card_visa", **HOLD)
    assert await delivered(bank) == 0
    bank.now += 91
    assert await delivered(bank) == 6
    assert len({event["id"] for event in inbox}) == 3


async def test_only_what_is_subscribed_to_is_sent(bank: Bank, inbox: list[dict[str, Any]]) -> None:
    bank.courier.travel(url="http://shop.test/hook", enabled_events=list(SUBSCRIBED))
    intent = bank.post("payment_intents", payment_method="pm_card_visa", **HOLD)
    assert await delivered(bank) == 0
    bank.post(f"payment_intents/{intent.body['id']}/capture")
    assert await delivered(bank) == 1
    assert [event["type"] for event in inbox] == ["payment_intent.succeeded"]


async def test_a_refused_webhook_is_tried_again_later(
    bank: Bank, inbox: list[dict[str, Any]]
) -> None:
    bank.courier.travel(url="http://shop.test/nobody")
    bank.post("customers")
    assert await delivered(bank) == 1
    assert await delivered(bank) == 0
    bank.courier.travel(url="http://shop.test/hook")
    bank.now += 2
    assert await delivered(bank) == 1
    assert [event["type"] for event in inbox] == ["customer.created"]


async def test_what_was_taken_before_a_stop_is_not_sent_again(bank: Bank) -> None:
    bank.courier.travel(url="http://shop.test/hook")
    bank.post("customers")
    bank.post("customers")
    sent: list[bytes] = []

    async def stopped(_url: str, body: bytes, _headers: Mapping[str, str]) -> bool:
        if sent:
            raise asyncio.CancelledError
        sent.append(body)
        return True

    with pytest.raises(asyncio.CancelledError):
        await bank.courier.deliver_due(stopped)
    assert bank.courier.mode()["deliveries"] == {"delivered": 1, "pending": 1}


def test_how_webhooks_travel_outlives_the_process(bank: Bank, tmp_path: Path) -> None:
    bank.courier.travel(url="http://shop.test/hook", copies=2)
    again = Bank(tmp_path)
    assert again.courier.mode() == bank.courier.mode()
    again.post("customers")
    assert again.courier.mode()["deliveries"] == {"pending": 2}
    again.double.close()
