"""What an edit makes of an order's lines."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bodega.commerce.orders.domain.papers import PaperLine, difference, negated
from bodega.commerce.orders.domain.shares import resized
from bodega.commerce.orders.errors import EditEmpty, LineNotFound
from bodega.contracts.orders import OrderLine
from bodega.kernel.ids import OrderLineId, VariantId


def edited(
    lines: Sequence[OrderLine],
    quantities: Mapping[OrderLineId, int],
    added: Sequence[OrderLine],
) -> list[OrderLine]:
    """The lines afterwards; those with quantity 0 are gone. Raises LineNotFound, EditEmpty."""
    goods = {line.id for line in lines if line.kind == "product"}
    if not quantities.keys() <= goods:
        raise LineNotFound
    after = []
    for line in lines:
        quantity = quantities.get(line.id, line.quantity) if line.id else line.quantity
        if quantity:
            after.append(line if quantity == line.quantity else resized(line, quantity))
    after += added
    if not any(line.kind == "product" for line in after):
        raise EditEmpty
    return after


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
