"""The console's page on money: what is open is seen, and staff say what they did about it."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from bodega.contracts.books import AccountBalance, Books, ConflictView, DisputeStatus, DisputeView
from bodega.contracts.orders import OrderView
from bodega.kernel.ids import CheckoutId, DisputeId, OrderId, new_id
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest
from tests.web.conftest import Browser
from tests.web.fakes import NOW
from tests.web.shop import CUSTOMER, STAFF, FakeShop


@dataclass
class FakeBooks:
    """Lists that tests fill."""

    accounts: list[AccountBalance] = field(default_factory=list)
    open: list[ConflictView] = field(default_factory=list)
    disputed: list[DisputeView] = field(default_factory=list)
    said: list[tuple[UUID, str, str]] = field(default_factory=list)

    async def balances(self) -> list[AccountBalance]:
        return self.accounts

    async def conflicts(
        self, page: PageRequest, *, resolved: bool | None = None
    ) -> Page[ConflictView]:
        assert resolved is False
        return Page(items=self.open)

    async def disputes(
        self, page: PageRequest, *, status: DisputeStatus | None = None
    ) -> Page[DisputeView]:
        return Page(items=self.disputed)

    async def resolve(self, conflict_id: UUID, *, by: str, note: str) -> ConflictView:
        self.said.append((conflict_id, by, note))
        return self.open.pop()

    async def submit_evidence(
        self, dispute_id: DisputeId, *, evidence: dict[str, str], by: str
    ) -> DisputeView:
        self.said.append((dispute_id, by, evidence["uncategorized_text"]))
        return self.disputed[0]


CONFLICT = ConflictView(
    id=new_id(), kind="amount", provider="stripe", payment_id=None, reference="pi_<b>1</b>",
    expected="50.00 GBP", seen="49.99 GBP", source="x", found_at=NOW, resolved_at=None,
    resolved_by=None, note=None,
)  # fmt: skip
DISPUTE = DisputeView(
    id=DisputeId(new_id()), payment_id=None, checkout_id=None, provider="stripe",
    reference="dp_1", amount=Money(amount=5000, currency="GBP"), reason="product_not_received",
    status="needs_response", inquiry=False, opened_at=NOW, due_at=NOW + timedelta(days=2),
    evidence_sent_at=None, closed_at=None,
)  # fmt: skip


@pytest.fixture
def books(shop: FakeShop) -> FakeBooks:
    books = FakeBooks()
    shop.app.state.container.bind(Books, books)
    return books


@pytest.fixture
async def staff(shop: FakeShop, books: FakeBooks) -> Browser:
    browser = Browser(shop)
    await browser.sign_in(STAFF)
    return browser


async def test_an_empty_page_says_so(staff: Browser) -> None:
    page = (await staff.get("/console/payments")).text
    assert "Both sides agree." in page
    assert "No buyer has disputed a payment." in page
    assert "Nothing is booked yet." in page


async def test_conflicts_disputes_and_balances_are_seen(staff: Browser, books: FakeBooks) -> None:
    books.open, books.disputed = [CONFLICT], [DISPUTE]
    books.accounts = [
        AccountBalance(account="provider_clearing", currency="GBP", balance=5000),
        AccountBalance(account="receivable", currency="GBP", balance=-5000),
    ]
    page = (await staff.get("/console/payments")).text
    assert "50.00 GBP" in page
    assert "49.99 GBP" in page
    assert "pi_&lt;b&gt;1" in page
    assert "product not received" in page
    assert "Provider clearing" in page
    assert "-£50.00" in page or "−£50.00" in page


async def test_a_conflict_is_resolved_with_a_note(staff: Browser, books: FakeBooks) -> None:
    books.open = [CONFLICT]
    action = f"/console/payments/conflicts/{CONFLICT.id}"
    answer = await staff.send("/console/payments", action, note="Gave the penny back.")
    assert answer.status_code == 303
    [(found, by, note)] = books.said
    assert (found, note) == (CONFLICT.id, "Gave the penny back.")
    assert by != "guest"
    assert "Noted: the conflict is resolved." in (await staff.get("/console/payments")).text


async def test_a_conflict_is_not_resolved_without_one(staff: Browser, books: FakeBooks) -> None:
    books.open = [CONFLICT]
    action = f"/console/payments/conflicts/{CONFLICT.id}"
    assert (await staff.send("/console/payments", action, note=" ")).status_code == 400
    assert books.said == []


async def test_a_dispute_is_answered_from_the_page(staff: Browser, books: FakeBooks) -> None:
    books.disputed = [DISPUTE]
    action = f"/console/payments/disputes/{DISPUTE.id}"
    answer = await staff.send("/console/payments", action, evidence="Delivered, signed for.")
    assert answer.status_code == 303
    assert [(found, text) for found, _, text in books.said] == [
        (DISPUTE.id, "Delivered, signed for.")
    ]
    assert (await staff.send("/console/payments", action, evidence=" ")).status_code == 400


async def test_who_answers_a_dispute_is_led_to_what_was_sent(
    staff: Browser, books: FakeBooks, shop: FakeShop
) -> None:
    checkout, order = CheckoutId(new_id()), OrderId(new_id())
    books.disputed = [DISPUTE.model_copy(update={"checkout_id": checkout})]
    shop.orders.placed[checkout] = OrderView.model_construct(id=order, number=1007)
    page = (await staff.get("/console/payments")).text
    assert f'<a href="/console/orders/{order}">Order 1007</a>' in page


async def test_the_page_is_for_staff(shop: FakeShop, books: FakeBooks) -> None:
    browser = Browser(shop)
    assert (await browser.get("/console/payments")).status_code in (303, 401)
    await browser.sign_in(CUSTOMER)
    assert (await browser.get("/console/payments")).status_code == 403
