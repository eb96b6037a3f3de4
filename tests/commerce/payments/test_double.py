"""The provider double answers as Stripe's API does (shapes of Stripe's published fixtures)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bodega.commerce.payments.adapters.double import KEY_LIFE, StripeDouble
from bodega.commerce.payments.adapters.double_requests import Answer
from tests.kit.tree import free_port

KEY = "Bearer sk_test_x"
BUY = {
    "amount": "1999",
    "currency": "gbp",
    "capture_method": "manual",
    "confirm": "true",
    "payment_method": "pm_card_visa",
}


class Caller:
    """Requests of Stripe's API, at a time that the test moves."""

    def __init__(self, path: Path) -> None:
        self.now = 1_800_000_000.0
        self.double = StripeDouble(path / "double.sqlite3", clock=lambda: self.now)

    def post(self, path: str, key: str | None = None, **form: str) -> Answer:
        return self.double.answer(
            "POST", f"/v1/{path}", form, authorization=KEY, idempotency_key=key
        )

    def get(self, path: str, **query: str) -> Answer:
        return self.double.answer("GET", f"/v1/{path}", query, authorization=KEY)

    def buy(self, key: str | None = None, **changes: str) -> Answer:
        return self.post("payment_intents", key, **(BUY | changes))


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[Caller]:
    caller = Caller(tmp_path)
    yield caller
    caller.double.close()


def test_a_confirmed_manual_intent_holds_the_money(stripe: Caller) -> None:
    held = stripe.buy()
    assert held.status == 200
    assert held.body["object"] == "payment_intent"
    assert held.body["id"].startswith("pi_")
    assert held.body["status"] == "requires_capture"
    assert held.body["amount_capturable"] == 1999
    assert held.body["amount_received"] == 0


def test_an_automatic_intent_takes_it_at_once(stripe: Caller) -> None:
    taken = stripe.buy(capture_method="automatic").body
    assert (taken["status"], taken["amount_received"]) == ("succeeded", 1999)


def test_creating_and_confirming_may_be_two_steps(stripe: Caller) -> None:
    intent = stripe.buy(confirm="false").body
    assert intent["status"] == "requires_confirmation"
    confirmed = stripe.post(f"payment_intents/{intent['id']}/confirm").body
    assert confirmed["status"] == "requires_capture"


def test_capture_takes_what_is_held_once(stripe: Caller) -> None:
    path = f"payment_intents/{stripe.buy().body['id']}/capture"
    taken = stripe.post(path).body
    assert (taken["status"], taken["amount_received"]) == ("succeeded", 1999)
    again = stripe.post(path)
    assert again.status == 400
    assert again.body["error"]["code"] == "payment_intent_unexpected_state"


def test_no_more_than_the_hold_can_be_captured(stripe: Caller) -> None:
    path = f"payment_intents/{stripe.buy().body['id']}/capture"
    assert stripe.post(path, amount_to_capture="2000").body["error"]["code"] == "amount_too_large"
    assert stripe.post(path, amount_to_capture="500").body["amount_received"] == 500


def test_cancel_lets_the_hold_go_and_blocks_capture(stripe: Caller) -> None:
    path = f"payment_intents/{stripe.buy().body['id']}"
    assert stripe.post(f"{path}/cancel").body["status"] == "canceled"
    assert stripe.post(f"{path}/capture").status == 400


def test_refunds_end_where_the_capture_ends(stripe: Caller) -> None:
    intent = stripe.buy(capture_method="automatic").body["id"]
    part = stripe.post("refunds", payment_intent=intent, amount="500").body
    rest = stripe.post("refunds", payment_intent=intent).body
    assert (part["amount"], rest["amount"]) == (500, 1499)
    over = stripe.post("refunds", payment_intent=intent)
    assert over.body["error"]["code"] == "charge_already_refunded"
    listed = stripe.get("refunds", payment_intent=intent).body["data"]
    assert [item["id"] for item in listed] == [rest["id"], part["id"]]
    assert stripe.get(f"refunds/{rest['id']}").body == rest


def test_a_hold_cannot_be_refunded(stripe: Caller) -> None:
    assert stripe.post("refunds", payment_intent=stripe.buy().body["id"]).status == 400
    assert stripe.post("refunds").body["error"]["code"] == "parameter_missing"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_a_declined_card_is_a_402_that_carries_the_intent(
    stripe: Caller, card: str, code: str, decline_code: str
) -> None:
    declined = stripe.buy(payment_method=card)
    error = declined.body["error"]
    assert declined.status == 402
    assert (error["type"], error["code"], error["decline_code"]) == (
        "card_error",
        code,
        decline_code,
    )
    assert error["payment_intent"]["status"] == "requires_payment_method"
    kept = stripe.get(f"payment_intents/{error['payment_intent']['id']}").body
    assert kept["last_payment_error"]["code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "0"}, "parameter_invalid_integer"),
        ({"amount": "ten"}, "parameter_invalid_integer"),
        ({"amount": "29"}, "amount_too_small"),
        ({"currency": ""}, "parameter_missing"),
        ({"payment_method": "pm_card_nobody"}, "resource_missing"),
    ],
)
def test_malformed_requests_are_refused(stripe: Caller, changes: dict[str, str], code: str) -> None:
    refused = stripe.buy(**changes)
    assert (refused.status, refused.body["error"]["code"]) == (400, code)


def test_unknown_things_and_addresses_are_404(stripe: Caller) -> None:
    missing = stripe.get("payment_intents/pi_none")
    assert (missing.status, missing.body["error"]["code"]) == (404, "resource_missing")
    assert stripe.get("charges/ch_none").status == 404
    assert stripe.post("subscriptions").status == 404


def test_no_key_no_answer(stripe: Caller) -> None:
    for authorization in ("", "Bearer pk_test_x", "Basic abc"):
        answer = stripe.double.answer("GET", "/v1/payment_intents", {}, authorization=authorization)
        assert answer.status == 401


def test_the_same_key_replays_the_same_intent(stripe: Caller) -> None:
    first, again = stripe.buy("k"), stripe.buy("k")
    assert again.body == first.body
    assert again.headers == {"idempotent-replayed": "true"}
    assert len(stripe.get("payment_intents").body["data"]) == 1


def test_the_same_key_replays_a_decline_too(stripe: Caller) -> None:
    first = stripe.buy("k", payment_method="pm_card_chargeDeclined")
    again = stripe.buy("k", payment_method="pm_card_chargeDeclined")
    assert (again.status, again.body) == (first.status, first.body)
    assert len(stripe.get("payment_intents").body["data"]) == 1


def test_the_same_key_with_other_parameters_is_an_error(stripe: Caller) -> None:
    stripe.buy("k")
    other = stripe.buy("k", amount="2000")
    assert (other.status, other.body["error"]["type"]) == (400, "idempotency_error")


def test_a_malformed_request_does_not_use_its_key_up(stripe: Caller) -> None:
    assert stripe.buy("k", amount="0").status == 400
    assert stripe.buy("k").status == 200


def test_keys_are_forgotten_after_a_day(stripe: Caller) -> None:
    first = stripe.buy("k").body["id"]
    stripe.now += KEY_LIFE + 1
    assert stripe.buy("k").body["id"] != first


def test_lists_are_newest_first_in_pages_and_by_time(stripe: Caller) -> None:
    made = []
    for _ in range(3):
        made.insert(0, stripe.buy().body["id"])
        stripe.now += 60
    first = stripe.get("payment_intents", limit="2").body
    assert [item["id"] for item in first["data"]] == made[:2]
    assert first["has_more"]
    rest = stripe.get("payment_intents", limit="2", starting_after=made[1]).body
    assert [item["id"] for item in rest["data"]] == made[2:]
    assert not rest["has_more"]
    early = stripe.get("payment_intents", **{"created[lte]": "1800000000"}).body
    assert [item["id"] for item in early["data"]] == made[2:]


def test_a_charge_expands_into_its_card(stripe: Caller) -> None:
    charge = stripe.buy(**{"expand[0]": "latest_charge"}).body["latest_charge"]
    assert charge["payment_method_details"]["card"]["last4"] == "4242"
    assert stripe.get(f"charges/{charge['id']}").body == charge


def test_metadata_comes_back(stripe: Caller) -> None:
    intent = stripe.buy(**{"metadata[payment_id]": "p1"}).body
    assert intent["metadata"] == {"payment_id": "p1"}


def test_a_killed_double_comes_back_knowing_everything(tmp_path: Path) -> None:
    port = free_port()

    def start() -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "BODEGA_DATA_DIR": str(tmp_path),
            "BODEGA_PROVIDER_PORT": str(port),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "bodega.apps.provider"],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                    return process
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the double did not start")

    headers = {"authorization": KEY, "idempotency-key": "k"}
    url = f"http://127.0.0.1:{port}/v1/payment_intents"
    process = start()
    try:
        held = httpx.post(url, data=BUY, headers=headers)
        assert held.headers["request-id"].startswith("req_")
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = start()
        replayed = httpx.post(url, data=BUY, headers=headers)
        assert replayed.json() == held.json()
        assert replayed.headers["idempotent-replayed"] == "true"
    finally:
        process.kill()
        process.wait()
