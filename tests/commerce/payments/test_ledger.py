"""The ledger: always balanced, only ever added to, right in whatever order news come."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.payments.domain import ledger
from bodega.commerce.payments.domain.ledger import Booked, Lines, Sale
from bodega.commerce.payments.service import ledger as books
from bodega.contracts.books import LedgerAccount, LedgerKind
from bodega.contracts.orders import OrderLine, OrderView
from bodega.contracts.payments import Payments
from bodega.kernel.clock import SystemClock
from bodega.kernel.ids import CheckoutId, OrderId, new_id
from bodega.kernel.money import Money
from tests.kit.doors import Doors

ONE_AMOUNT: list[Callable[[int], Lines]] = [
    ledger.captured, ledger.voided, ledger.refunded, ledger.refund_failed, ledger.charged_fee,
    ledger.charged_back, ledger.reinstated, ledger.credited_tax, ledger.exchanged,
]  # fmt: skip
minor = st.integers(0, 10**12)


@given(st.sampled_from(ONE_AMOUNT), minor)
def test_every_booking_sums_to_zero(booking: Callable[[int], Lines], amount: int) -> None:
    assert sum(value for _, value in booking(amount)) == 0


PAYS = ("capture", "void", "exchange_for")


@dataclass
class Paper:
    """A ledger in memory that books as the database does."""

    accounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0))
    booked: Booked = field(default_factory=Booked)
    sale: Sale | None = None

    def book(self, kind: str, lines: Lines) -> None:
        assert sum(amount for _, amount in lines) == 0 or kind.startswith("exchange")
        moved = dict(lines)
        for account, amount in lines:
            self.accounts[account] += amount
        old = self.booked
        self.booked = Booked(
            sale=old.sale + (moved["receivable"] if kind == "sale" else 0),
            sale_tax=old.sale_tax - (moved["tax"] if kind == "sale" else 0),
            kept=old.kept - (moved["receivable"] if kind in PAYS else 0),
        )
        self.square()

    def know(self, sale: Sale) -> None:
        self.sale = sale
        self.square()

    def square(self) -> None:
        if self.sale is None:
            return
        self.sale, known = None, self.sale
        self.book("sale", ledger.squared(known, self.booked))
        self.sale = known


ACCOUNTS = get_args(LedgerAccount)


@given(
    total=st.integers(1, 10**9), rate=st.integers(0, 100), refunded=st.integers(0, 100),
    cancelled=st.booleans(), order=st.permutations(["sale", "capture", "refund", "credit"]),
)  # fmt: skip
def test_the_books_end_alike_in_whatever_order_the_news_come(
    total: int, rate: int, refunded: int, cancelled: bool, order: list[str]
) -> None:
    tax, back = ledger.share(total, rate, 200), total * refunded // 100
    paper = Paper()
    steps: dict[str, Callable[[], None]] = {
        "sale": lambda: paper.know(Sale(total, tax, cancelled)),
        "capture": lambda: paper.book("capture", ledger.captured(total)),
        "refund": lambda: paper.book("refund", ledger.refunded(back)),
        "credit": lambda: paper.book("refund_tax", ledger.credited_tax(given_back)),
    }
    given_back = ledger.share(tax, back, total)
    for step in order:
        steps[step]()
    assert sum(paper.accounts.values()) == 0
    assert paper.accounts["receivable"] == 0
    assert paper.accounts["provider_clearing"] == total - back
    assert paper.accounts["tax"] == given_back - tax
    assert paper.accounts["revenue"] == tax - total


@given(st.integers(1, 10**9), st.permutations(["sale", "capture", "void", "cancel"]))
def test_a_cancelled_sale_whose_money_went_back_leaves_nothing(
    total: int, order: list[str]
) -> None:
    paper = Paper()
    for step in order:
        if step == "sale":
            paper.know(Sale(total, total // 6, bool(paper.sale and paper.sale.cancelled)))
        elif step == "cancel":
            paper.know(Sale(total, total // 6, True))
        else:
            undo = step == "void"
            paper.book(step, ledger.voided(total) if undo else ledger.captured(total))
    assert set(paper.accounts.values()) == {0}


@dataclass
class Counter:
    """A sale and the one that replaces what came back of it, over the same accounts."""

    first: Paper
    second: Paper

    def exchange(self, amount: int) -> None:
        """One entry: the first sale gave it back, the second was paid by it."""
        refund, debt = ledger.exchanged(amount)
        self.first.book("exchange_of", (refund, ("receivable", 0)))
        self.second.book("exchange_for", (("refunds", 0), debt))


@given(
    figures=st.tuples(st.integers(1, 10**9), st.integers(1, 100), st.integers(1, 10**9)),
    rate=st.integers(0, 100), cancelled=st.booleans(),
    order=st.permutations(["sale", "capture", "refund", "new", "charge", "exchange", "credit"]),
)  # fmt: skip
def test_an_exchange_is_settled_in_whatever_order_the_news_come(
    figures: tuple[int, int, int], rate: int, cancelled: bool, order: list[str]
) -> None:
    """What came back pays what replaces it; the difference goes back, or is charged."""
    total, came_back, new = figures
    worth = max(1, total * came_back // 100)
    credit, charge, back = min(worth, new), max(0, new - worth), max(0, worth - new)
    tax, new_tax = ledger.share(total, rate, 200), ledger.share(new, rate, 200)
    accounts = dict.fromkeys(ACCOUNTS, 0)
    both = Counter(Paper(accounts), Paper(accounts))
    steps: dict[str, Callable[[], None]] = {
        "sale": lambda: both.first.know(Sale(total, tax)),
        "capture": lambda: both.first.book("capture", ledger.captured(total)),
        "refund": lambda: both.first.book("refund", ledger.refunded(back)),
        "new": lambda: both.second.know(Sale(new, new_tax)),
        "charge": lambda: both.second.book("capture", ledger.captured(charge)),
        "exchange": lambda: both.exchange(credit),
        "credit": lambda: both.first.book("refund_tax", ledger.credited_tax(back_tax)),
    }
    back_tax = ledger.share(tax, worth, total)
    for step in order:
        steps[step]()
    assert sum(accounts.values()) == 0
    assert accounts["receivable"] == 0
    assert accounts["provider_clearing"] == total - worth + new
    assert accounts["tax"] == back_tax - tax - new_tax
    if cancelled:
        both.second.book("refund_tax", ledger.credited_tax(new_tax))
        both.second.book("refund", ledger.refunded(new))
        both.second.know(Sale(new, new_tax, cancelled=True))
        assert accounts["receivable"] == 0
        assert accounts["provider_clearing"] == total - worth
        assert accounts["tax"] == back_tax - tax


def rows(settings: Settings, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(settings.dsn) as connection:
        return connection.execute(query).fetchall()


LINES = """SELECT e.kind, l.account, l.amount FROM payments.ledger_entries e
           JOIN payments.ledger_lines l ON l.entry_id = e.id ORDER BY e.id, l.position"""
AMOUNT = Money(amount=1999, currency="GBP")


async def test_a_capture_is_in_the_ledger_and_a_void_takes_it_out(
    context: Context, settings: Settings
) -> None:
    payments, checkout = context.container.get(Payments), CheckoutId(new_id())
    await payments.authorise(checkout_id=checkout, amount=AMOUNT, payment_token="pm_card_visa")
    assert rows(settings, LINES) == []
    await payments.capture(checkout_id=checkout)
    await payments.capture(checkout_id=checkout)
    taken: list[tuple[object, ...]] = [
        ("capture", "provider_clearing", 1999), ("capture", "receivable", -1999)
    ]  # fmt: skip
    assert rows(settings, LINES) == taken
    await payments.void(checkout_id=checkout)
    await payments.void(checkout_id=checkout)
    assert rows(settings, LINES) == [
        *taken, ("void", "receivable", 1999), ("void", "provider_clearing", -1999)
    ]  # fmt: skip


async def test_a_hold_let_go_never_was_in_the_ledger(context: Context, settings: Settings) -> None:
    payments, checkout = context.container.get(Payments), CheckoutId(new_id())
    await payments.authorise(checkout_id=checkout, amount=AMOUNT, payment_token="pm_card_visa")
    await payments.void(checkout_id=checkout)
    assert rows(settings, LINES) == []


def an_order(total: int, tax: int) -> OrderView:
    line = OrderLine(
        product_id=None, variant_id=None, sku="TEA", title="Tea", quantity=1,
        unit_price=Money(amount=total, currency="GBP"), total=Money(amount=total, currency="GBP"),
        tax=Money(amount=tax, currency="GBP"),
    )  # fmt: skip
    return OrderView.model_construct(
        id=OrderId(new_id()), number=1001, status="pending", customer_id=None, email=None,
        shipping_address=None, country=None, placed_at=SystemClock().now(), lines=[line],
        subtotal=line.total, total=line.total, tax=line.tax,
    )  # fmt: skip


async def test_a_sale_is_booked_once_with_its_tax_whatever_becomes_of_the_order(
    context: Context, settings: Settings
) -> None:
    checkout = CheckoutId(new_id())
    for total, tax in ((1200, 200), (1200, 200), (1800, 300)):
        async with context.database.work() as uow:
            await books.book_sale(
                uow, checkout_id=checkout, order=an_order(total, tax), cancelled=False
            )
    assert rows(settings, LINES) == [
        ("sale", "receivable", 1200), ("sale", "revenue", -1000), ("sale", "tax", -200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    ["UPDATE payments.ledger_lines SET amount = amount + 1", "DELETE FROM payments.ledger_lines",
     "UPDATE payments.ledger_entries SET kind = 'fee'", "DELETE FROM payments.ledger_entries"],
)  # fmt: skip
async def test_nothing_in_the_ledger_is_ever_changed(
    context: Context, settings: Settings, statement: str
) -> None:
    async with context.database.work() as uow:
        await books.book_sale(
            uow, checkout_id=CheckoutId(new_id()), order=an_order(600, 100), cancelled=False
        )
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only"):
        rows(settings, statement + " RETURNING 1")


ENTRY = """INSERT INTO payments.ledger_entries (id, kind, source, currency)
           VALUES (gen_random_uuid(), 'fee', 'by-hand', 'EUR') RETURNING id"""
LINE = """INSERT INTO payments.ledger_lines (entry_id, position, account, amount)
          VALUES (%s, %s, %s, %s)"""


@pytest.mark.parametrize("amounts", [(), (5,), (5, -4), (5, -4, -2)])
def test_the_database_refuses_an_entry_that_does_not_balance(
    settings: Settings, amounts: tuple[int, ...]
) -> None:
    with psycopg.connect(settings.dsn) as connection:
        row = connection.execute(ENTRY).fetchone()
        assert row
        for position, amount in enumerate(amounts):
            connection.execute(LINE, [row[0], position, "fees", amount])
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="balance"):
            connection.commit()


def test_every_kind_of_entry_has_a_name_the_column_holds() -> None:
    assert max(map(len, get_args(LedgerKind))) <= 20


async def test_staff_read_balances_and_entries_page_by_page(doors: Doors, context: Context) -> None:
    checkouts = [CheckoutId(new_id()) for _ in range(3)]
    for checkout in checkouts:
        async with context.database.work() as uow:
            await books.book_sale(
                uow, checkout_id=checkout, order=an_order(600, 100), cancelled=False
            )
    staff = await doors.staff(await doors.admin())
    balances = (await staff.get("/api/v1/admin/ledger/balances")).json()
    assert {item["account"]: item["balance"] for item in balances} == {
        "receivable": 1800, "revenue": -1500, "tax": -300
    }  # fmt: skip
    first = (await staff.get("/api/v1/admin/ledger/entries?limit=2")).json()
    rest = (
        await staff.get(f"/api/v1/admin/ledger/entries?limit=2&cursor={first['next_cursor']}")
    ).json()
    shown = [item["checkout_id"] for item in first["items"] + rest["items"]]
    assert shown == [str(checkout) for checkout in reversed(checkouts)]
    assert rest["next_cursor"] is None
    one = await staff.get(f"/api/v1/admin/ledger/entries?checkout_id={checkouts[0]}")
    assert len(one.json()["items"]) == 1
    assert (await staff.get("/api/v1/admin/ledger/entries?cursor=nonsense")).status_code == 422
