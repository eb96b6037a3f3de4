"""What an order adds up to and what may become of it."""

from bodega.commerce.orders.domain import line_total, may_become, subtotal
from bodega.contracts.orders import LineKind, OrderLine
from bodega.kernel.money import Money


def line(kind: LineKind, amount: int) -> OrderLine:
    money = Money(amount=amount, currency="GBP")
    return OrderLine(
        kind=kind, product_id=None, variant_id=None, sku="S", title="T", quantity=1,
        unit_price=money, total=money,
    )  # fmt: skip


def test_the_subtotal_is_the_goods_alone() -> None:
    lines = [line("product", 1000), line("shipping", 300), line("discount", -100)]
    assert subtotal(lines, "GBP").amount == 1000
    assert line_total(lines, "GBP").amount == 1200


def test_a_cancelled_order_stays_cancelled() -> None:
    assert may_become("placed", "paid")
    assert may_become("paid", "cancelled")
    assert not may_become("cancelled", "paid")
    assert not may_become("paid", "placed")
