"""PayPal from the buyer's approval to the refund, over HTTP against its double."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.adapters.paypal import PayPalProvider
from bodega.commerce.payments.adapters.paypal_double import TOKEN, PayPalDouble
from bodega.commerce.payments.adapters.paypal_reading import from_paypal, to_paypal
from bodega.commerce.payments.adapters.paypal_transactions import records
from bodega.commerce.payments.adapters.paypal_webhooks import read
from bodega.commerce.payments.adapters.port import Authorisation
from bodega.commerce.payments.domain.webhooks import PATIENCE, DisputeFact
from bodega.commerce.payments.errors import ProviderRefused, ProviderUnreachable
from bodega.commerce.payments.repository import webhooks as stored
from bodega.commerce.payments.service import disputes, reconcile, webhooks
from bodega.contracts.books import Books
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, CommandId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from tests.commerce.payments import paypal_events
from tests.kit.doors import Doors, key
from tests.kit.provider import RunningProvider

OWN = new_id()
AMOUNT = Money(amount=5000, currency="EUR")
RETURN = "http://shop.test/checkout/1/return"


def euros(cents: int) -> Money:
    return Money(amount=cents, currency="EUR")


@pytest.fixture
def settings(settings: Settings, provider: RunningProvider) -> Settings:
    changes = {"paypal_url": f"{provider.url}/paypal", "paypal_client_id": "shop"}
    return settings.model_copy(update=changes)


class Buyer:
    """One checkout paid with PayPal."""

    def __init__(self, context: Context) -> None:
        self.payments = context.container.get(Payments)
        self.checkout = CheckoutId(new_id())

    async def begin(self, amount: Money = AMOUNT, return_url: str | None = RETURN) -> PaymentView:
        return await self.payments.authorise(
            checkout_id=self.checkout, amount=amount, payment_token="paypal:",
            return_url=return_url,
        )  # fmt: skip

    async def decide(self, view: PaymentView, decision: str) -> str:
        """On PayPal's page; where it leads."""
        assert view.action_url is not None
        async with httpx.AsyncClient() as browser:
            assert "Pay now" in (await browser.get(view.action_url)).text
            token = parse_qs(urlsplit(view.action_url).query)["token"][0]
            answer = await browser.post(
                view.action_url, data={"token": token, "decision": decision}
            )
        return answer.headers["location"]

    async def pay(self, amount: Money = AMOUNT) -> PaymentView:
        await self.decide(await self.begin(amount), "approve")
        view = await self.payments.confirm(checkout_id=self.checkout)
        assert view.status == "authorised"
        return await self.payments.capture(checkout_id=self.checkout)

    async def refund(self, amount: Money) -> str:
        view = await self.payments.refund(
            command_id=CommandId(new_id()), checkout_id=self.checkout, amount=amount, reason="torn"
        )
        return view.status


@pytest.fixture
def buyer(context: Context) -> Buyer:
    return Buyer(context)


async def test_the_buyer_approves_and_comes_back_then_the_money_is_held_and_taken(
    buyer: Buyer,
) -> None:
    begun = await buyer.begin()
    assert begun.status == "requires_action"
    assert (await buyer.decide(begun, "approve")).startswith(f"{RETURN}?token=O_")
    for _ in range(2):
        held = await buyer.payments.confirm(checkout_id=buyer.checkout)
        assert held.status == "authorised"
    for _ in range(2):
        assert (await buyer.payments.capture(checkout_id=buyer.checkout)).status == "captured"


async def test_a_buyer_who_has_not_approved_is_waited_for(buyer: Buyer) -> None:
    begun = await buyer.begin()
    assert (await buyer.payments.confirm(checkout_id=buyer.checkout)).status == "requires_action"
    await buyer.decide(begun, "cancel")
    voided = await buyer.payments.void(checkout_id=buyer.checkout)
    assert voided is not None
    assert voided.status == "voided"


async def test_without_a_way_back_nobody_can_approve(buyer: Buyer) -> None:
    view = await buyer.begin(return_url=None)
    assert (view.status, view.failure_code) == ("declined", "authentication_required")


async def test_a_hold_is_let_go_and_a_capture_given_back(context: Context) -> None:
    held, taken = Buyer(context), Buyer(context)
    await held.decide(await held.begin(), "approve")
    await held.payments.confirm(checkout_id=held.checkout)
    await taken.pay()
    for one in (held, taken):
        for _ in range(2):
            view = await one.payments.void(checkout_id=one.checkout)
            assert view is not None
            assert view.status == "voided"


async def test_parts_are_refunded_and_never_more_than_was_taken(buyer: Buyer) -> None:
    await buyer.pay()
    assert await buyer.refund(euros(2000)) == "succeeded"
    assert await buyer.refund(euros(3000)) == "succeeded"
    view = await buyer.payments.payment(buyer.checkout)
    assert view is not None
    assert view.refunded == AMOUNT


async def test_a_lost_answer_is_asked_for_again_and_counts_once(
    buyer: Buyer, provider: RunningProvider, context: Context
) -> None:
    provider.line.cut("lost", where="/v2/checkout/orders", times=1)
    await buyer.decide(await buyer.begin(), "approve")
    provider.line.cut("lost", where="/authorize", times=1)
    assert (await buyer.payments.confirm(checkout_id=buyer.checkout)).status == "authorised"
    provider.line.cut("lost", where="/capture", times=1)
    assert (await buyer.payments.capture(checkout_id=buyer.checkout)).status == "captured"
    provider.line.mend()
    assert await differences(context) == []


async def test_a_silent_paypal_is_asked_again_later(
    buyer: Buyer, provider: RunningProvider
) -> None:
    await buyer.decide(await buyer.begin(), "approve")
    provider.line.cut("refused", where="/paypal")
    with pytest.raises(ProviderUnreachable):
        await buyer.payments.confirm(checkout_id=buyer.checkout)
    provider.line.mend()
    assert (await buyer.payments.confirm(checkout_id=buyer.checkout)).status == "authorised"


async def differences(context: Context) -> list[tuple[str, str, str]]:
    now = context.clock.now()
    report = await reconcile.reconcile(
        context, since=now - timedelta(minutes=5), until=now + timedelta(minutes=5), fees="book"
    )
    return [(one.kind, one.here, one.there) for one in report.differences if one.payment_id]


async def test_a_day_of_paypal_reconciles_fees_and_all(context: Context) -> None:
    sold, refunded, held = Buyer(context), Buyer(context), Buyer(context)
    await sold.pay()
    await refunded.pay()
    await refunded.refund(euros(700))
    await held.decide(await held.begin(), "approve")
    await held.payments.confirm(checkout_id=held.checkout)
    assert await differences(context) == []
    balances = await context.container.get(Books).balances()
    fees = {one.currency: one.balance for one in balances if one.account == "fees"}
    assert fees["EUR"] == 2 * (174 + 30)  # 3.49 % + 0.30, half to even


@pytest.mark.parametrize(
    ("money", "value"),
    [(euros(5), "0.05"), (Money(amount=500, currency="JPY"), "500"),
     (Money(amount=50_000, currency="HUF"), "500"),
     (Money(amount=50_050, currency="HUF"), "500.50")],
)  # fmt: skip
def test_amounts_are_decimals_as_paypal_counts_them(money: Money, value: str) -> None:
    sent = to_paypal(money)
    assert sent == {"currency_code": money.currency, "value": value}
    assert from_paypal(sent) == money


async def test_what_paypal_cannot_charge_is_declined(context: Context) -> None:
    view = await Buyer(context).begin(Money(amount=50_050, currency="HUF"))
    assert (view.status, view.failure_code) == ("declined", "decimals_not_supported")


async def test_disputes_are_listed_and_answered(
    settings: Settings, buyer: Buyer, running: RunningProvider, context: Context
) -> None:
    view = await buyer.pay()
    record = await buyer.payments.record(view.id)
    assert record is not None
    opened = running.paypal.dispute(str(record.provider_reference))
    paypal, now = PayPalProvider(settings), context.clock.now()
    try:
        window = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
        [found] = [one async for one in paypal.list_disputes(**window)
                   if one.reference == opened["id"]]  # fmt: skip
        assert (found.status, found.amount) == ("needs_response", AMOUNT)
        sent = await paypal.submit_evidence(
            found.reference, evidence={"tracking": "AB123"}, submit=True
        )
        assert (sent.status, sent.has_evidence) == ("under_review", True)
        assert await paypal.dispute("PP-D-none") is None
    finally:
        await paypal.aclose()


async def test_wrong_credentials_are_our_fault(settings: Settings) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"error": "invalid_client"})

    paypal = PayPalProvider(settings, transport=httpx.MockTransport(refuse))
    asked = Authorisation(payment_id=new_id(), amount=AMOUNT, token="paypal:", return_url=RETURN)
    with pytest.raises(ProviderRefused):
        await paypal.authorise(asked)
    await paypal.aclose()


async def test_staff_answer_a_dispute_once_through_the_provider(
    doors: Doors, buyer: Buyer, running: RunningProvider, context: Context
) -> None:
    view = await buyer.pay()
    record = await buyer.payments.record(view.id)
    assert record is not None
    opened = running.paypal.dispute(str(record.provider_reference))
    notice = read(paypal_events.event("CUSTOMER.DISPUTE.CREATED", opened))
    assert isinstance(notice.fact, DisputeFact)
    async with context.database.work() as uow:
        await disputes.note(
            uow, notice.fact, provider="paypal", payment=None, stated=(notice.at, notice.rank)
        )
    [found] = (await context.container.get(Books).disputes(PageRequest())).items
    staff = await doors.staff(await doors.admin())
    address, said = f"/api/v1/admin/disputes/{found.id}/evidence", {"evidence": {"note": "sent"}}
    for _ in range(2):
        answer = await staff.post(address, json=said, headers=key())
        assert answer.json()["status"] == "under_review", answer.text
        assert answer.json()["evidence_sent_at"] is not None
    none = await staff.post(f"/api/v1/admin/disputes/{new_id()}/evidence", json=said, headers=key())
    assert (none.status_code, none.json()["code"]) == (404, "dispute_not_found")
    malformed = await staff.post(address, json={"evidence": {}}, headers=key())
    assert malformed.status_code == 422


async def test_a_dispute_that_is_over_takes_no_evidence(
    doors: Doors, buyer: Buyer, running: RunningProvider, context: Context
) -> None:
    view = await buyer.pay()
    record = await buyer.payments.record(view.id)
    assert record is not None
    opened = running.paypal.dispute(str(record.provider_reference))
    over = {"status": "RESOLVED", "dispute_outcome": {"outcome_code": "RESOLVED_SELLER_FAVOUR"}}
    notice = read(paypal_events.event("CUSTOMER.DISPUTE.RESOLVED", opened | over))
    assert isinstance(notice.fact, DisputeFact)
    async with context.database.work() as uow:
        await disputes.note(
            uow, notice.fact, provider="paypal", payment=None, stated=(notice.at, notice.rank)
        )
    [found] = (await context.container.get(Books).disputes(PageRequest())).items
    staff = await doors.staff(await doors.admin())
    answer = await staff.post(
        f"/api/v1/admin/disputes/{found.id}/evidence",
        json={"evidence": {"note": "sent"}},
        headers=key(),
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "dispute_closed")


@pytest.fixture
def paypal(running: RunningProvider) -> Iterator[PayPalDouble]:
    yield running.paypal
    running.paypal.held_as, running.paypal.taken_as = "CREATED", "COMPLETED"


async def parts(buyer: Buyer, paypal: PayPalDouble, kind: str) -> list[tuple[str, str]]:
    """Status and value of a payment's holds, captures or refunds at PayPal."""
    view = await buyer.payments.payment(buyer.checkout)
    assert view is not None
    record = await buyer.payments.record(view.id)
    assert record is not None
    address = f"/v2/checkout/orders/{record.provider_reference}"
    order = paypal.answer("GET", address, authorization=f"Bearer {TOKEN}").body
    found = order["purchase_units"][0]["payments"][kind]
    return [(one["status"], one["amount"]["value"]) for one in found]


async def voided(buyer: Buyer) -> bool:
    view = await buyer.payments.void(checkout_id=buyer.checkout)
    return view is not None and view.status == "voided"


async def test_a_capture_that_paypal_looks_into_is_waited_for(
    buyer: Buyer, paypal: PayPalDouble
) -> None:
    paypal.taken_as = "PENDING"
    for attempt in (buyer.pay(), buyer.payments.capture(checkout_id=buyer.checkout)):
        with pytest.raises(ProviderUnreachable):
            await attempt
    view = await buyer.payments.payment(buyer.checkout)
    assert view is not None
    record = await buyer.payments.record(view.id)
    assert record is not None
    paypal.clear(str(record.provider_reference))
    assert (await buyer.payments.capture(checkout_id=buyer.checkout)).status == "captured"
    assert await voided(buyer)
    assert await parts(buyer, paypal, "refunds") == [("COMPLETED", "50.00")]


async def test_a_hold_that_paypal_looks_into_is_let_go_when_it_is_not_wanted(
    buyer: Buyer, paypal: PayPalDouble
) -> None:
    paypal.held_as = "PENDING"
    with pytest.raises(ProviderUnreachable):
        await buyer.pay()
    assert await voided(buyer)
    assert await parts(buyer, paypal, "authorizations") == [("VOIDED", "50.00")]


async def test_a_hold_whose_capture_was_declined_is_let_go(
    buyer: Buyer, paypal: PayPalDouble
) -> None:
    paypal.taken_as = "DECLINED"
    assert (await buyer.pay()).status == "voiding"
    assert await voided(buyer)
    assert await parts(buyer, paypal, "authorizations") == [("VOIDED", "50.00")]


async def test_long_evidence_arrives_whole_and_a_refusal_is_told(
    settings: Settings, buyer: Buyer, running: RunningProvider
) -> None:
    view = await buyer.pay()
    record = await buyer.payments.record(view.id)
    assert record is not None
    opened = running.paypal.dispute(str(record.provider_reference))
    paypal, told = PayPalProvider(settings), {"note": "0123456789" * 300}
    try:
        await paypal.submit_evidence(opened["id"], evidence=told, submit=True)
        with pytest.raises(ProviderRefused):
            await paypal.submit_evidence(opened["id"], evidence=told, submit=True)
    finally:
        await paypal.aclose()
    address = f"/v1/customer/disputes/{opened['id']}"
    kept = running.paypal.answer("GET", address, authorization=f"Bearer {TOKEN}").body
    assert "".join(one["notes"] for one in kept["evidences"]) == f"note: {told['note']}"


async def test_a_refund_made_at_paypal_names_only_its_capture_and_is_found(
    buyer: Buyer, context: Context
) -> None:
    view = await buyer.pay()
    capture, amount = f"C-{view.id}", to_paypal(AMOUNT)
    refund = {
        "id": "R1", "amount": amount,
        "seller_payable_breakdown": {"total_refunded_amount": amount},
        "links": [{"rel": "up", "href": f"https://api.paypal.com/v2/payments/captures/{capture}"}],
    }  # fmt: skip
    told = {"id": capture, "amount": amount, "custom_id": str(view.id)}
    now = context.clock.now()
    for kind, resource in (
        ("PAYMENT.CAPTURE.COMPLETED", told),
        ("PAYMENT.CAPTURE.REFUNDED", refund),
    ):
        body = paypal_events.event(kind, resource)
        async with context.database.work() as uow:
            await stored.store(uow, read(body), body=body.decode(), status="received", now=now)
    for _ in range(PATIENCE + 1):
        await webhooks.handle_due(context)
        async with context.database.work() as uow:
            await uow.connection.execute(text("UPDATE payments.webhooks SET due_at = now()"))
    found = (await context.container.get(Books).conflicts(PageRequest(), resolved=False)).items
    assert [(one.kind, one.seen) for one in found if one.payment_id == view.id] == [
        ("refund", "50.00 EUR")
    ]


@pytest.mark.parametrize(
    ("code", "refunded"), [("T1107", 700), ("T1106", 0), ("T1110", 0)],
    ids=["refund", "dispute", "hold"],
)  # fmt: skip
def test_what_a_dispute_takes_is_no_refund(code: str, refunded: int) -> None:
    def told(id: str, code: str, value: str) -> dict[str, Any]:
        return {
            "transaction_id": id, "transaction_event_code": code, "transaction_status": "S",
            "transaction_initiation_date": "2026-01-01T00:00:00Z",
            "transaction_amount": {"currency_code": "EUR", "value": value},
            "custom_field": str(OWN), "paypal_reference_id": "C1",
        }  # fmt: skip

    lines = [told("A1", "T1300", "50.00"), told("A2", "T1302", "50.00"),
             told("C1", "T0006", "50.00"), told("X1", code, "-7.00")]  # fmt: skip
    [record] = records(lines)
    assert (record.status, record.refunded.amount) == ("captured", refunded)
    [hold] = records(lines[:2])
    assert hold.reference == "A1"


async def test_a_report_that_paypal_refuses_is_told(settings: Settings, context: Context) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        return httpx.Response(400, json={"name": "RESULTSET_TOO_LARGE"})

    paypal, now = PayPalProvider(settings, transport=httpx.MockTransport(refuse)), context.clock
    with pytest.raises(ProviderRefused, match="RESULTSET_TOO_LARGE"):
        [one async for one in paypal.list_payments(
            since=now.now() - timedelta(days=1), until=now.now())]  # fmt: skip
    await paypal.aclose()
