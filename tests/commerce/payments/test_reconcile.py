"""Reconciliation against the double's own list: nothing differs, or each difference is named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import psycopg
import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.domain.reconcile import Here, There, compare
from bodega.commerce.payments.service import reconcile
from bodega.contracts.books import Books, DifferenceKind
from bodega.contracts.payments import Payments, PaymentView
from bodega.kernel.ids import CheckoutId, CommandId, PaymentId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import PageRequest
from tests.kit.provider import RunningProvider

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POUNDS = Money(amount=5000, currency="GBP")


def pounds(pence: int) -> Money:
    return Money(amount=pence, currency="GBP")


def here(**changes: Any) -> Here:
    known: dict[str, Any] = {
        "id": PaymentId(new_id()), "reference": "pi_1", "status": "captured", "amount": POUNDS,
        "taken": 5000, "returned": 0, "fees": frozenset(), "started_at": NOW - timedelta(hours=5),
    }  # fmt: skip
    return Here(**known | changes)


def there(ours: Here | None, **changes: Any) -> There:
    known: dict[str, Any] = {
        "reference": "pi_1", "payment_id": ours.id if ours else None, "status": "captured",
        "amount": POUNDS, "taken": 5000, "returned": 0,
    }  # fmt: skip
    return There(**known | changes)


def found(ours: list[Here], theirs: list[There]) -> list[str]:
    since = NOW - timedelta(days=1)
    known = {one.id: one for one in ours}
    differences = compare(known, theirs, since=since, listed=NOW - timedelta(hours=1), now=NOW)
    assert all(one.explanation for one in differences)
    return [one.kind for one in differences]


Case = tuple[dict[str, Any], dict[str, Any], list[DifferenceKind]]
CASES: list[Case] = [
    ({}, {}, []),
    ({"reference": None}, {}, []),
    ({}, {"payment_id": None}, []),
    ({"taken": 4000}, {}, ["amount"]),
    ({"taken": 4000, "returned": 100}, {}, ["amount", "refund"]),
    ({}, {"returned": 5000}, ["refund"]),
    ({"status": "voided", "returned": 5000}, {"returned": 5000}, []),
    ({"status": "authorised", "taken": 0}, {"status": "authorised", "taken": 0}, []),
    (
        {"status": "authorised", "taken": 0},
        {"status": "authorised", "taken": 0, "amount": pounds(4999)},
        ["amount"],
    ),
    ({"status": "authorised", "taken": 0}, {}, ["status"]),
    ({}, {"status": "cancelled", "taken": 0}, ["status"]),
    ({"status": "declined", "taken": 0}, {"status": "declined", "taken": 0}, []),
    ({"status": "voided", "taken": 0}, {"status": "cancelled", "taken": 0}, []),
    ({}, {"amount": Money(amount=5000, currency="EUR")}, ["currency"]),
    ({"status": "capturing"}, {}, ["unsettled"]),
    ({"status": "capturing", "started_at": NOW - timedelta(minutes=5)}, {}, []),
    ({}, {"fee": pounds(175)}, ["fee"]),
    ({"fees": frozenset({"fee:pi_1"})}, {"fee": pounds(175)}, []),
    ({}, {"fee": pounds(0)}, []),
]


@pytest.mark.parametrize(("ours", "theirs", "kinds"), CASES)
def test_each_difference_has_its_kind(
    ours: dict[str, Any], theirs: dict[str, Any], kinds: list[DifferenceKind]
) -> None:
    known = here(**ours)
    assert found([known], [there(known, **theirs)]) == kinds


def test_a_payment_on_one_side_only_is_missing_on_the_other() -> None:
    assert found([here()], []) == ["missing_there"]
    assert found([], [there(None)]) == ["missing_here"]
    assert found([here(status="declined", taken=0)], []) == []
    assert found([], [there(None, status="declined", taken=0)]) == []
    assert found([here(started_at=NOW - timedelta(days=9))], []) == []
    assert found([here(started_at=NOW - timedelta(minutes=9))], []) == []


def test_a_second_payment_for_one_of_ours_is_named() -> None:
    ours = here()
    assert found([ours], [there(ours), there(ours, reference="pi_2")]) == ["twice"]


def test_every_kind_is_provoked_here() -> None:
    provoked = {kind for _, _, kinds in CASES for kind in kinds}
    assert provoked | {"missing_here", "missing_there", "twice"} == set(get_args(DifferenceKind))


async def bought(context: Context, amount: Money = POUNDS) -> PaymentView:
    payments, checkout = context.container.get(Payments), CheckoutId(new_id())
    await payments.authorise(checkout_id=checkout, amount=amount, payment_token="pm_card_visa")
    return await payments.capture(checkout_id=checkout)


async def a_day(context: Context) -> list[PaymentView]:
    """Sold, held, declined, voided before and after the capture, refunded in part."""
    payments = context.container.get(Payments)
    sold = [await bought(context) for _ in range(3)]
    await payments.void(checkout_id=sold[1].checkout_id)
    await payments.refund(
        command_id=CommandId(new_id()), checkout_id=sold[2].checkout_id, amount=pounds(1200),
        reason="damaged",
    )  # fmt: skip
    for token in ("pm_card_visa", "pm_card_chargeDeclined", "pm_card_visa"):
        checkout = CheckoutId(new_id())
        view = await payments.authorise(checkout_id=checkout, amount=POUNDS, payment_token=token)
    await payments.void(checkout_id=view.checkout_id)
    return sold


async def reconciled(context: Context) -> list[tuple[str, str, str]]:
    now = context.clock.now()
    report = await reconcile.reconcile(
        context, since=now - timedelta(hours=1), until=now + timedelta(minutes=1), fees="book"
    )
    return [
        (one.kind, one.here, one.there) for one in report.differences if one.payment_id is not None
    ]


async def test_a_day_of_trade_has_no_difference(context: Context) -> None:
    await a_day(context)
    assert await reconciled(context) == []


async def test_what_others_do_at_the_provider_is_found(
    context: Context, provider: RunningProvider
) -> None:
    sold = await a_day(context)
    record = await context.container.get(Payments).record(sold[0].id)
    assert record is not None
    provider.ask("POST", "/v1/refunds", payment_intent=str(record.provider_reference), amount="700")
    assert await reconciled(context) == [("refund", "0.00 GBP", "7.00 GBP")]


async def test_what_is_missing_here_is_found_and_becomes_one_conflict(
    context: Context, settings: Settings
) -> None:
    await bought(context)
    with psycopg.connect(settings.dsn) as connection:
        connection.execute("UPDATE payments.payments SET amount_currency = 'EUR'")
    for _ in range(2):
        await reconcile.keep_reconciled(context)
    page = await context.container.get(Books).conflicts(PageRequest(limit=100))
    mine = [(one.kind, one.expected, one.seen) for one in page.items if one.payment_id]
    assert mine == [("currency", "EUR", "GBP")]


Say = Callable[..., tuple[int, Any]]


@pytest.fixture
def say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs `bodega payments … --json` in a thread's own loop against the test's servers."""
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_VALKEY_URL", settings.valkey_dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("BODEGA_PAYMENTS_URL", settings.payments_url)

    def run(*arguments: str) -> tuple[int, Any]:
        done = CliRunner().invoke(cli.app, ["payments", *arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def test_the_command_reports_differences_and_its_exit_code_says_so(
    say: Say, provider: RunningProvider
) -> None:
    provider.ask(
        "POST", "/v1/payment_intents", amount="4200", currency="gbp", confirm="true",
        payment_method="pm_card_visa",
    ).raise_for_status()  # fmt: skip
    code, told = say("reconcile", "--since", "1h", "--json")
    assert code == 1
    report = json.loads(told)
    assert {"missing_here"} == {one["kind"] for one in report["differences"]}
    assert "captured 42.00 GBP" in [one["there"] for one in report["differences"]]
    code, told = say("reconcile", "--since", "1h")
    assert code == 1
    assert "another system uses the account" in told


def test_payments_of_a_provider_that_is_not_set_up_are_not_passed_over(
    say: Say, settings: Settings
) -> None:
    with psycopg.connect(settings.dsn) as connection:
        connection.execute(
            """INSERT INTO payments.payments
                   (id, checkout_id, amount_amount, amount_currency, status, provider)
               VALUES (gen_random_uuid(), gen_random_uuid(), 599, 'GBP', 'captured', 'paypal')"""
        )
    code, told = say("reconcile", "--since", "1h")
    assert code == 1
    assert "Not compared: 1 of paypal, which is not set up here." in told


def test_a_span_that_is_none_is_said(say: Say) -> None:
    code, told = say("reconcile", "--since", "yesterday")
    assert code == 2
    assert "7d" in told


def test_the_scan_finds_a_card_number_in_logs_and_events(
    say: Say, settings: Settings, tmp_path: Any
) -> None:
    assert say("scan", "--logs", str(tmp_path)) == (0, "No card numbers.\n")
    (tmp_path / "api.log").write_text('{"paid":"4242424242424242"}\n')
    with psycopg.connect(settings.dsn) as connection:
        connection.execute(
            """INSERT INTO backbone.event_log ("offset", partition, event_id, type, version, key,
                   occurred_at, correlation_id, actor, payload)
               VALUES (1, 0, gen_random_uuid(), 'x.y', 1, gen_random_uuid(), now(), 'c', 'a',
                   '{"card": "4000000000000259"}')"""
        )
    code, told = say("scan", "--logs", str(tmp_path), "--json")
    assert code == 1
    assert [one["number"] for one in json.loads(told)] == ["424242******4242", "400000******0259"]


async def test_nothing_a_payment_leaves_behind_looks_like_a_card(
    context: Context, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    from bodega.ops.pan import card_numbers

    await a_day(context)
    with psycopg.connect(settings.dsn) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('payments', 'backbone')"
        ).fetchall()
        rows = [
            row[0]
            for (table,) in tables
            for row in connection.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
        ]
    assert len(rows) > 50
    assert list(card_numbers("\n".join(rows) + caplog.text)) == []


def test_replay_says_how_many(say: Say) -> None:
    assert say("replay") == (0, "0 to be tried again.\n")
