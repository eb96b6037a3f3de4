"""The state machine of an order: which status follows which, and what its units call for."""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from bodega.contracts.orders import OrderLine, OrderStatus

FIRST: Final[OrderStatus] = "pending"
TRANSITIONS: Final[Mapping[OrderStatus, Sequence[OrderStatus]]] = {
    "pending": ("paid", "cancelled"),
    "paid": ("allocated", "partially_fulfilled", "fulfilled", "cancelled"),
    "allocated": ("paid", "partially_fulfilled", "fulfilled", "cancelled"),
    "partially_fulfilled": (
        "fulfilled",
        "partially_delivered",
        "partially_returned",
    ),
    "fulfilled": ("partially_delivered", "delivered", "partially_returned", "returned"),
    "partially_delivered": ("delivered", "partially_returned", "returned"),
    "delivered": ("partially_returned", "returned"),
    "partially_returned": ("returned",),
    "returned": (),
    "cancelled": (),
}
SENDABLE: Final = frozenset[OrderStatus](
    {"paid", "allocated", "partially_fulfilled", "partially_delivered", "partially_returned"}
)
UNSENT: Final = frozenset[OrderStatus]({"paid", "allocated"})


def may_become(before: OrderStatus, after: OrderStatus) -> bool:
    return after in TRANSITIONS[before]


def status_of(before: OrderStatus, lines: Sequence[OrderLine]) -> OrderStatus:
    """The furthest thing that happened to the units wins: returned, delivered, sent; cancelled
    units do not count. An order with nothing sent keeps the status it has."""
    goods = [line for line in lines if line.kind == "product"]
    bought = sum(line.quantity - line.cancelled for line in goods)
    reached: tuple[tuple[int, OrderStatus, OrderStatus], ...] = (
        (sum(line.returned for line in goods), "returned", "partially_returned"),
        (sum(line.delivered for line in goods), "delivered", "partially_delivered"),
        (sum(line.fulfilled for line in goods), "fulfilled", "partially_fulfilled"),
    )
    for units, whole, part in reached:
        if units:
            return whole if units == bought else part
    return before


def diagram() -> str:
    """The machine as a Mermaid state diagram."""
    moves = [
        f"    {before} --> {after}" for before, afters in TRANSITIONS.items() for after in afters
    ]
    ends = [f"    {status} --> [*]" for status, afters in TRANSITIONS.items() if not afters]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {FIRST}", *moves, *ends])


if __name__ == "__main__":
    sys.stdout.write(diagram() + "\n")
