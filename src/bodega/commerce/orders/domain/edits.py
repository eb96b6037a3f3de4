"""What an edit makes of an order's lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bodega.commerce.orders.domain.papers import PaperLine, difference, negated
from bodega.commerce.orders.domain.shares import resized
from bodega.commerce.orders.errors import EditEmpty, LineNotFound
from bodega.contracts.orders import OrderLine
from bodega.kernel.ids import OrderLineId, VariantId
from bodega.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit makes of the lines there are: `kept` is what stays, at the prices agreed; `more`
    are further units of lines."""

    kept: list[OrderLine]
    more: list[tuple[OrderLine, int]]


def changed(lines: Sequence[OrderLine], quantities: Mapping[OrderLineId, int]) -> Change:
    """Lines with quantity 0 are gone. Raises LineNotFound."""
    goods = {line.id for line in lines if line.kind == "product"}
    if not quantities.keys() <= goods:
        raise LineNotFound
    change = Change([], [])
    for line in lines:
        quantity = quantities.get(line.id, line.quantity) if line.id else line.quantity
        if quantity > line.quantity:
            change.more.append((line, quantity - line.quantity))
        if quantity:
            smaller = quantity < line.quantity
            change.kept.append(resized(line, quantity) if smaller else line)
    return change


def edited(change: Change, more: Sequence[OrderLine], new: Sequence[OrderLine]) -> list[OrderLine]:
    """The lines afterwards; `more` are the further units as they were priced. Raises EditEmpty."""
    further = {line.id: units for (line, _), units in zip(change.more, more, strict=True)}
    after, apart = [], []
    for line in change.kept:
        units = further.get(line.id)
        if units is not None and not _taxed_alike(line, units):
            apart.append(units)
            units = None
        after.append(line if units is None else _joined(line, units))
    after += [*apart, *new]
    if not any(line.kind == "product" for line in after):
        raise EditEmpty
    return after


def _taxed_alike(line: OrderLine, units: OrderLine) -> bool:
    """A rate may have changed since; then the further units are a line of their own."""
    return (line.tax_rate, line.tax_included) == (units.tax_rate, units.tax_included)


def _joined(line: OrderLine, units: OrderLine) -> OrderLine:
    return line.model_copy(
        update={
            "quantity": line.quantity + units.quantity,
            "discount": _sum(line.discount, units.discount),
            "tax": _sum(line.tax, units.tax),
            "total": line.total + units.total,
        }
    )


def _sum(first: Money | None, second: Money | None) -> Money | None:
    return first + second if first and second else first or second


def moved_units(
    before: Sequence[OrderLine], after: Sequence[OrderLine]
) -> tuple[list[tuple[VariantId, int]], list[tuple[VariantId, int]]]:
    """(more, fewer) units by variant: what has to be promised further, what is let go."""
    change: Counter[VariantId] = Counter()
    for lines, sign in ((before, -1), (after, 1)):
        for line in lines:
            if line.kind == "product" and line.variant_id is not None:
                change[line.variant_id] += sign * line.quantity
    more = sorted((variant, units) for variant, units in change.items() if units > 0)
    fewer = sorted((variant, -units) for variant, units in change.items() if units < 0)
    return more, fewer


def paper_changes(
    before: Sequence[OrderLine], after: Sequence[OrderLine]
) -> tuple[list[PaperLine], list[PaperLine]]:
    """(to be invoiced, to be credited)."""
    old = {line.id: line for line in before}
    kept = {line.id: line for line in after}
    gaps = [difference(line, kept.get(id) if id else None) for id, line in old.items()]
    gaps += [difference(None, line) for line in after if line.id is None]
    found = [gap for gap in gaps if gap is not None]
    charged = [gap for gap in found if gap.total > 0]
    credited = [negated(gap) for gap in found if gap.total < 0]
    return charged, credited
