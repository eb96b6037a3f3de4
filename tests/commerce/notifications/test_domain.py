"""When a confirmation is sent, and what it says."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from bodega.commerce.notifications.domain import MAX_ATTEMPTS, backoff, order_confirmation, verdict
from bodega.contracts.orders import OrderLine, OrderStatus, OrderView
from bodega.kernel.address import Address
from bodega.kernel.ids import OrderId, ProductId, VariantId
from bodega.kernel.money import Money

PRICE = Money(amount=1999, currency="EUR")
LINK = "https://shop.example/orders/open?pass=secret"
ROW = UUID("0198c0de-0000-7000-8000-000000000001")


def order(status: OrderStatus = "paid", email: str | None = "maria@example.com") -> OrderView:
    return OrderView(
        id=OrderId(uuid4()),
        number=1001,
        status=status,
        customer_id=None,
        email=email,
        shipping_address=Address(name="Maria", line1="Weg 1", city="Köln", country="DE"),
        country="DE",
        placed_at=datetime(2026, 1, 2, tzinfo=UTC),
        lines=[
            OrderLine(
                product_id=ProductId(uuid4()),
                variant_id=VariantId(uuid4()),
                sku="MUG",
                title="Red Mug",
                quantity=1,
                unit_price=PRICE,
                total=PRICE,
            )
        ],
        subtotal=PRICE,
        total=PRICE,
    )


@pytest.mark.parametrize(
    ("seen", "judged"),
    [
        (order("paid"), "send"),
        (order("pending"), "wait"),
        (order("allocated"), "send"),
        (order("fulfilled"), "send"),
        (order("cancelled"), "drop"),
        (order(email=None), "drop"),
        (None, "drop"),
    ],
)
def test_only_a_paid_order_with_an_address_is_confirmed(
    seen: OrderView | None, judged: str
) -> None:
    assert verdict(seen) == judged


@pytest.mark.parametrize("sender", ["shop@bodega.example", '"The Shop" <shop@bodega.example>'])
def test_the_mail_names_number_lines_total_and_place(sender: str) -> None:
    mail = order_confirmation(
        order(),
        message_id=ROW,
        shop="Bodega",
        sender=sender,
        link=LINK,
        locale="de_DE",
    )
    text = mail.get_content()
    for part in ("1001", "1 x Red Mug", "19,99\N{NO-BREAK SPACE}€", "Weg 1", "Köln"):
        assert part in text
    assert mail["To"] == "maria@example.com"
    assert mail["Message-ID"] == f"<{ROW}@bodega.example>"


@pytest.mark.parametrize("email", ["a@b.de\r\nBcc: all@example.com", "a@b.de\nX: y"])
def test_no_header_can_be_smuggled_in(email: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|carriage|newline"):
        order_confirmation(
            order(email=email),
            message_id=ROW,
            shop="B",
            sender="s@b.example",
            link=LINK,
            locale="en_GB",
        )


def test_waiting_grows_and_spans_a_bad_half_hour() -> None:
    waits = [backoff(attempt) for attempt in range(1, MAX_ATTEMPTS)]
    assert waits == sorted(waits)
    assert sum(waits, timedelta()) > timedelta(minutes=20)
