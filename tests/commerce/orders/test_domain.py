"""What an order adds up to and what may become of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.commerce.orders.domain.lines import line_total, subtotal
from bodega.commerce.orders.domain.status import TRANSITIONS, diagram, may_become, status_of
from bodega.contracts.orders import LineKind, OrderLine, OrderStatus
from bodega.kernel.money import Money

DOCS = Path(__file__).parents[3] / "docs" / "modules" / "orders.md"


def line(kind: LineKind, amount: int, quantity: int = 1) -> OrderLine:
    money = Money(amount=amount, currency="GBP")
    return OrderLine(
        kind=kind, product_id=None, variant_id=None, sku="S", title="T", quantity=quantity,
        unit_price=money, total=money,
    )  # fmt: skip


def test_the_subtotal_is_the_goods_alone() -> None:
    lines = [line("product", 1000), line("shipping", 300), line("discount", -100)]
    assert subtotal(lines, "GBP").amount == 1000
    assert line_total(lines, "GBP").amount == 1200


def test_ends_are_ends() -> None:
    for end in ("cancelled", "returned"):
        assert not any(may_become(end, after) for after in TRANSITIONS)


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("pending", "paid", True),
        ("pending", "fulfilled", False),
        ("allocated", "cancelled", True),
        ("fulfilled", "cancelled", False),
        ("paid", "pending", False),
        ("delivered", "returned", True),
    ],
)
def test_guards(before: OrderStatus, after: OrderStatus, allowed: bool) -> None:
    assert may_become(before, after) is allowed


def test_the_documents_show_the_machine_as_it_is() -> None:
    shown = DOCS.read_text().split("```mermaid\n")[1].split("\n```")[0]
    assert shown == diagram(), "run `python -m bodega.commerce.orders.domain.status`"


MOVES = st.lists(
    st.tuples(st.sampled_from(["fulfilled", "delivered", "returned"]), st.integers(0, 2)),
    max_size=25,
)


@given(quantities=st.lists(st.integers(1, 3), min_size=1, max_size=3), moves=MOVES)
def test_whatever_happens_to_the_units_the_machine_knows_the_step(
    quantities: list[int], moves: list[tuple[str, int]]
) -> None:
    lines = [line("product", 100, quantity) for quantity in quantities] + [line("shipping", 5)]
    status: OrderStatus = "paid"
    for field, at in moves:
        chosen = lines[at % len(quantities)]
        moved = chosen.model_copy(update={field: getattr(chosen, field) + 1})
        if max(moved.delivered, moved.returned) > moved.fulfilled or (
            moved.fulfilled > moved.quantity
        ):
            continue
        lines[at % len(quantities)] = moved
        after = status_of(status, lines)
        assert after == status or may_become(status, after)
        status = after
    goods = lines[:-1]
    assert (status == "returned") == all(item.returned == item.quantity for item in goods)
