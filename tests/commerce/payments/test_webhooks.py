"""Webhooks: forged ones stay out, the same one counts once, order and amounts are made sure of."""

import asyncio
import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client import REGISTRY

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.service import webhooks
from bodega.contracts.books import Books
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from tests.commerce.payments import stripe_events as stripe
from tests.commerce.payments.stripe_events import send
from tests.kit.doors import Doors, key

FIXTURES = Path(
    os.environ.get("BODEGA_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")
) / "contracts" / "stripe" / "webhook_fixtures"  # fmt: skip
SOAK = bool(os.environ.get("BODEGA_SOAK"))
STORM = 1216  # payments, of whom Stripe tells 8.25 events each: 10,032
AMOUNT = Money(amount=5000, currency="GBP")


async def a_payment(context: Context, *, capture: bool = True, void: bool = False) -> PaymentView:
    payments, checkout = context.container.get(Payments), CheckoutId(new_id())
    view = await payments.authorise(
        checkout_id=checkout, amount=AMOUNT, payment_token="pm_card_visa"
    )
    if capture:
        view = await payments.capture(checkout_id=checkout)
    if void:
        view = await payments.void(checkout_id=checkout) or view
    return view


def query(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(statement).fetchall()


def stored(settings: Settings) -> dict[str, str]:
    return dict(query(settings, "SELECT provider_id, status FROM payments.webhooks"))


async def conflicts(context: Context) -> list[tuple[str, str, str]]:
    page = await context.container.get(Books).conflicts(PageRequest(limit=100))
    return [(item.kind, item.expected, item.seen) for item in page.items]


async def test_it_is_stored_before_the_answer_and_once(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    told = stripe.event("customer.created", {"id": "cus_1", "object": "customer"}, name="evt_1")
    assert (await send(client, told)).json() == {"received": True, "duplicate": False}
    assert (await send(client, told)).json() == {"received": True, "duplicate": True}
    assert stored(settings) == {"evt_1": "ignored"}


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", "t=1", "v1=ab", "t=x,v1=ab", "t=1760000000,v1=é", "t=1,t=2,v1=ab",
     "t=1760000000,v0=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"],
)  # fmt: skip
async def test_a_signature_that_is_none_is_refused(
    client: httpx.AsyncClient, settings: Settings, header: str
) -> None:
    answer = await client.post(
        stripe.ADDRESS, content=b"{}", headers={"stripe-signature": header.encode()}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "webhook_forged")
    assert stored(settings) == {}


async def test_another_secret_another_body_or_another_time_is_refused(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    told = stripe.event("customer.created", {"id": "cus_1"})
    assert (await send(client, told, secret="whsec_wrong")).json()["code"] == "webhook_forged"
    body = json.dumps(told).encode()
    signed = stripe.signed_header(body, secret=stripe.SECRET, at=datetime.now(UTC))
    answer = await client.post(
        stripe.ADDRESS, content=body + b" ", headers={"stripe-signature": signed}
    )
    assert answer.json()["code"] == "webhook_forged"
    old = datetime.now(UTC) - timedelta(seconds=301)
    assert (await send(client, told, at=old)).json()["code"] == "webhook_too_old"
    assert stored(settings) == {}


async def test_a_rolled_secret_signs_beside_the_old_one(client: httpx.AsyncClient) -> None:
    body = json.dumps(stripe.event("customer.created", {"id": "cus_1"})).encode()
    signed = stripe.signed_header(body, secret=stripe.SECRET, at=datetime.now(UTC))
    stamp, right = signed.split(",")
    both = f"{stamp},v1={'0' * 64},{right}"
    answer = await client.post(stripe.ADDRESS, content=body, headers={"stripe-signature": both})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"{}", b'{"id":"e","type":7,"created":1,"data":{"object":{}}}',
     b'{"id":"e","type":"x","created":1e300,"data":{"object":{}}}',
     b'{"id":"e","type":"x","created":1,"data":{"object":[]}}'],
)  # fmt: skip
async def test_a_body_that_is_no_event_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await send(client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "webhook_malformed")


async def test_an_event_we_know_and_cannot_read_is_kept_for_a_look(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    answer = await send(client, stripe.event("payment_intent.succeeded", {"id": "pi_1"}, name="e"))
    assert answer.status_code == 200
    assert query(settings, "SELECT status, error FROM payments.webhooks") == [
        ("failed", "KeyError: 'amount_received'")
    ]
    async with context.database.work() as uow:
        assert await webhooks.replay(uow, datetime.now(UTC)) == 1
    await webhooks.handle_due(context)
    assert stored(settings) == {"e": "failed"}


async def test_nobody_elses_provider_has_a_way_in(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/webhooks/nobody", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (404, "payment_provider_unknown")


async def test_in_production_the_secret_everybody_knows_opens_nothing(settings: Settings) -> None:
    from bodega.commerce.payments.adapters.stripe_webhooks import StripeWebhooks
    from bodega.commerce.payments.errors import WebhooksClosed

    source = StripeWebhooks(settings.model_copy(update={"environment": "prod"}))
    with pytest.raises(WebhooksClosed):
        await source.verify(body=b"{}", headers={}, now=datetime.now(UTC))


async def test_what_both_sides_know_is_no_conflict(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    payment = await a_payment(context)
    for at, (kind, status) in enumerate(
        [("amount_capturable_updated", "requires_capture"), ("succeeded", "succeeded")]
    ):
        told = stripe.event(f"payment_intent.{kind}", stripe.intent(payment, status), at=at)
        await send(client, told)
    assert await webhooks.handle_due(context) == 2
    assert set(stored(settings).values()) == {"done"}
    assert await conflicts(context) == []


async def told(client: httpx.AsyncClient, payment: PaymentView) -> None:
    subject = stripe.intent(payment, "succeeded")
    await send(client, stripe.event("payment_intent.succeeded", subject))


async def test_what_is_due_about_several_payments_is_handled_in_one_transaction(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    for _ in range(3):
        await told(client, await a_payment(context))
    before = REGISTRY.get_sample_value("bodega_database_commits_total") or 0
    assert await webhooks.handle_due(context) == 3
    assert REGISTRY.get_sample_value("bodega_database_commits_total") == before + 1
    assert set(stored(settings).values()) == {"done"}


async def test_only_the_payment_of_a_webhook_that_fails_waits(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    for _ in range(3):
        await told(client, await a_payment(context))
    query(
        settings,
        """UPDATE payments.webhooks SET body = '{}'
           WHERE id = (SELECT id FROM payments.webhooks ORDER BY id LIMIT 1) RETURNING 1""",
    )
    assert await webhooks.handle_due(context) == 2
    found = "SELECT status, attempts, error FROM payments.webhooks ORDER BY id"
    assert query(settings, found) == [
        ("received", 1, "WebhookMalformed"),
        ("done", 0, None),
        ("done", 0, None),
    ]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"amount_received": 4999}, ("amount", "50.00 GBP", "49.99 GBP")),
        ({"currency": "eur"}, ("currency", "GBP", "EUR")),
    ],
)
async def test_another_amount_or_currency_is_a_conflict_found_once(
    client: httpx.AsyncClient,
    context: Context,
    settings: Settings,
    changes: dict[str, Any],
    found: tuple[str, str, str],
) -> None:
    payment = await a_payment(context)
    for _ in range(2):
        subject = stripe.intent(payment, "succeeded", **changes)
        await send(client, stripe.event("payment_intent.succeeded", subject))
    await webhooks.handle_due(context)
    assert await conflicts(context) == [found]
    events = query(settings, "SELECT type FROM backbone.outbox ORDER BY id")
    assert [row[0] for row in events].count("payments.conflict_found") == 1


async def test_a_payment_in_flight_is_looked_at_later(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    payment = await a_payment(context, capture=False)
    query(settings, "UPDATE payments.payments SET status = 'capturing' RETURNING 1")
    await send(
        client, stripe.event("payment_intent.succeeded", stripe.intent(payment, "succeeded"))
    )
    assert await webhooks.handle_due(context) == 0
    assert set(stored(settings).values()) == {"received"}
    await context.container.get(Payments).capture(checkout_id=payment.checkout_id)
    query(settings, "UPDATE payments.webhooks SET due_at = now() - interval '1 s' RETURNING 1")
    assert await webhooks.handle_due(context) == 1
    assert await conflicts(context) == []


@pytest.mark.parametrize(
    ("kind", "status", "found"),
    [
        ("succeeded", "succeeded", ("status", "authorised", "captured")),
        ("canceled", "canceled", ("status", "authorised", "cancelled")),
    ],
)
async def test_money_moved_behind_our_back_is_a_conflict(
    client: httpx.AsyncClient, context: Context, kind: str, status: str, found: tuple[str, str, str]
) -> None:
    payment = await a_payment(context, capture=False)
    await send(client, stripe.event(f"payment_intent.{kind}", stripe.intent(payment, status)))
    await webhooks.handle_due(context)
    assert await conflicts(context) == [found]


async def test_an_older_word_than_the_newest_changes_nothing(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    payment = await a_payment(context)
    newer = stripe.event(
        "payment_intent.succeeded", stripe.intent(payment, "succeeded"), at=5, name="newer"
    )
    older = stripe.event(
        "payment_intent.canceled", stripe.intent(payment, "canceled"), at=1, name="older"
    )
    await send(client, newer)
    await webhooks.handle_due(context)
    await send(client, older)
    await webhooks.handle_due(context)
    assert stored(settings) == {"newer": "done", "older": "superseded"}
    assert await conflicts(context) == []


async def test_what_we_gave_back_is_no_conflict_and_what_others_gave_back_is(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    ours = await a_payment(context, void=True)
    theirs = await a_payment(context)
    for payment in (ours, theirs):
        subject = stripe.charge(payment, amount_refunded=5000)
        await send(client, stripe.event("charge.refunded", subject))
    for _ in range(6):
        await webhooks.handle_due(context)
        query(settings, "UPDATE payments.webhooks SET due_at = now() - interval '1 s' RETURNING 1")
    assert await conflicts(context) == [("refund", "0.00 GBP", "50.00 GBP")]


async def test_money_nobody_asked_for_is_a_conflict(
    client: httpx.AsyncClient, context: Context
) -> None:
    stranger = PaymentView(
        id=new_id(), checkout_id=new_id(), amount=AMOUNT, status="captured"  # type: ignore[arg-type]
    )  # fmt: skip
    subject = stripe.intent(stranger, "succeeded")
    await send(client, stripe.event("payment_intent.succeeded", subject))
    await webhooks.handle_due(context)
    assert await conflicts(context) == [("unknown_payment", "nothing", "captured 50.00 GBP")]


async def test_staff_resolve_a_conflict_once_with_a_note(
    client: httpx.AsyncClient, context: Context, doors: Doors
) -> None:
    payment = await a_payment(context, capture=False)
    subject = stripe.intent(payment, "canceled")
    await send(client, stripe.event("payment_intent.canceled", subject))
    await webhooks.handle_due(context)
    staff = await doors.staff(await doors.admin())
    address = "/api/v1/admin/payment-conflicts"
    [found] = (await staff.get(address, params={"resolved": False})).json()["items"]
    assert found["payment_id"] == str(payment.id)
    said = {"note": "The bank let the hold go; buyer asked to pay again."}
    done = await staff.post(f"{address}/{found['id']}/resolve", json=said, headers=key())
    assert (done.status_code, done.json()["note"]) == (200, said["note"])
    same = await staff.post(f"{address}/{found['id']}/resolve", json=said, headers=key())
    assert same.status_code == 200
    other = {"note": "Or was it?"}
    again = await staff.post(f"{address}/{found['id']}/resolve", json=other, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "payment_conflict_resolved")
    none = await staff.post(f"{address}/{new_id()}/resolve", json=said, headers=key())
    assert (none.status_code, none.json()["code"]) == (404, "payment_conflict_not_found")
    assert (await staff.get(address, params={"resolved": False})).json()["items"] == []


async def test_bodies_are_forgotten_once_handled(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    await send(client, stripe.event("customer.created", {"id": "cus_1", "email": "a@b.c"}))
    async with context.database.work() as uow:
        await webhooks.forget(uow, datetime.now(UTC) + timedelta(seconds=1))
    assert query(settings, "SELECT body FROM payments.webhooks") == [(None,)]


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="no recorded webhooks here")
async def test_every_recorded_webhook_is_taken_stored_and_handled_and_replayed_harmlessly(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    recorded = sorted(FIXTURES.glob("*.json"))
    assert len(recorded) == 62
    for _ in range(2):
        for path in recorded:
            told = json.loads(path.read_text()) | {"id": f"evt_{path.stem}"}
            answer = await send(client, told)
            assert answer.status_code == 200, (path.name, answer.text)
        await webhooks.handle_due(context)
    assert len(stored(settings)) == 62
    kept = stored(settings)
    assert set(kept.values()) == {"ignored", "conflict", "failed"}
    assert [name for name in kept if kept[name] == "failed"] == ["evt_charge.dispute.updated"]
    balances = await context.container.get(Books).balances()
    assert sum(item.balance for item in balances) == 0
    disputes = await context.container.get(Books).disputes(PageRequest(limit=100))
    assert len(disputes.items) == 2


def history(payment: PaymentView, ending: str) -> list[stripe.Event]:
    """Everything Stripe tells about a captured payment, and of a dispute with that ending."""
    took, gave = -payment.amount.amount, payment.amount.amount
    told = [
        stripe.event("payment_intent.created", stripe.intent(payment, "requires_confirmation")),
        stripe.event(
            "payment_intent.amount_capturable_updated",
            stripe.intent(payment, "requires_capture"), at=1,
        ),
        stripe.event("charge.succeeded", stripe.charge(payment), at=1),
        stripe.event("payment_intent.succeeded", stripe.intent(payment, "succeeded"), at=2),
        stripe.event("charge.captured", stripe.charge(payment), at=2),
        stripe.event("charge.updated", stripe.charge(payment), at=3),
    ]  # fmt: skip
    if ending == "voided":
        refunded = stripe.charge(payment, amount_refunded=payment.amount.amount)
        return [*told, stripe.event("charge.refunded", refunded, at=4)]
    if ending == "captured":
        return told
    told += [
        stripe.event("charge.dispute.created", stripe.dispute(payment, "needs_response"), at=10),
        stripe.event(
            "charge.dispute.funds_withdrawn",
            stripe.dispute(payment, "needs_response", moved=(took,)), at=10,
        ),
        stripe.event(
            "charge.dispute.updated", stripe.dispute(payment, "under_review", moved=(took,)), at=11
        ),
    ]  # fmt: skip
    moved = (took, gave) if ending == "won" else (took,)
    closed = stripe.dispute(payment, ending, moved=moved)
    return [*told, stripe.event("charge.dispute.closed", closed, at=12)]


async def deliver(
    client: httpx.AsyncClient, told: list[tuple[stripe.Event, bool]]
) -> dict[int, int]:
    """All of them over eight connections; how often each status was answered."""
    waiting, answers = list(told), {200: 0, 400: 0}

    async def connection() -> None:
        while waiting:
            event, forged = waiting.pop()
            answer = await send(client, event, secret="whsec_forged" if forged else stripe.SECRET)
            answers[answer.status_code] += 1

    await asyncio.gather(*(connection() for _ in range(8)))
    return answers


async def handling(context: Context, done: asyncio.Event) -> None:
    while not done.is_set():
        await webhooks.handle_due(context)
        await asyncio.sleep(0.05)


async def test_a_storm_of_webhooks_ends_in_the_right_states(
    client: httpx.AsyncClient, context: Context, settings: Settings
) -> None:
    """Shuffled, each one to five times, one in a hundred forged, handled by two while they come."""
    chance = random.Random(3)
    size, endings = (STORM if SOAK else 40), ("captured", "voided", "won", "lost")
    payments = [
        (await a_payment(context, void=ending == "voided"), ending)
        for ending in (endings[number % 4] for number in range(size))
    ]
    unique = [told for payment, ending in payments for told in history(payment, ending)]
    storm = [(told, False) for told in unique for _ in range(chance.randint(1, 5))]
    storm += [(chance.choice(unique) | {"id": f"evt_forged_{number}"}, True)
              for number in range(len(storm) // 100 + 1)]  # fmt: skip
    chance.shuffle(storm)
    done = asyncio.Event()
    handlers = [asyncio.create_task(handling(context, done)) for _ in range(2)]
    began = time.perf_counter()
    answers = await deliver(client, storm)
    done.set()
    await asyncio.gather(*handlers)
    await webhooks.handle_due(context)
    took = time.perf_counter() - began
    print(f"{len(unique)} events in {len(storm)} deliveries: {len(storm) / took:.0f} a second")

    assert answers[400] == sum(forged for _, forged in storm)
    assert set(stored(settings)) == {told["id"] for told in unique}
    assert set(stored(settings).values()) == {"done", "superseded", "ignored"} or set(
        stored(settings).values()
    ) == {"done", "ignored"}
    assert await conflicts(context) == []
    assert dict(query(settings, "SELECT status, count(*) FROM payments.disputes GROUP BY 1")) == {
        "won": size // 4, "lost": size // 4,
    }  # fmt: skip
    balances = {
        item.account: item.balance for item in await context.container.get(Books).balances()
    }
    kept = size // 4
    assert balances["chargebacks"] == kept * AMOUNT.amount
    assert balances["fees"] == 2 * kept * 1500
    assert balances["provider_clearing"] == 2 * kept * AMOUNT.amount - 2 * kept * 1500
    assert sum(balances.values()) == 0
