"""What a part of a line's units is worth, so that the parts always sum to the line."""

from bodega.contracts.orders import OrderLine
from bodega.kernel.money import Money


def share(amount: int, part: int, whole: int) -> int:
    """`amount` × `part` / `whole`, rounded half to even onto the minor unit."""
    quotient, rest = divmod(amount * part, whole)
    if rest * 2 > whole or (rest * 2 == whole and quotient % 2):
        return quotient + 1
    return quotient


def next_units(line: OrderLine, units: int) -> Money:
    """What the next `units` to come back cost. Summed over all returns of a line this is its total:
    each is the difference of two running shares."""
    before = share(line.total.amount, line.returned, line.quantity)
    after = share(line.total.amount, line.returned + units, line.quantity)
    return Money(amount=after - before, currency=line.total.currency)


def tax_in(line: OrderLine, amount: int) -> int:
    """The tax contained in `amount` of the line's total."""
    if line.tax is None or not line.total.amount:
        return 0
    return share(line.tax.amount, amount, line.total.amount)


def resized(line: OrderLine, quantity: int) -> OrderLine:
    """The line with another number of units: discount and tax in proportion, the total anew."""
    discount = _scaled(line.discount, quantity, line.quantity)
    tax = _scaled(line.tax, quantity, line.quantity)
    cost = line.unit_price * quantity
    if discount is not None:
        cost = cost - discount
    if tax is not None and not line.tax_included:
        cost = cost + tax
    return line.model_copy(
        update={"quantity": quantity, "discount": discount, "tax": tax, "total": cost}
    )


def _scaled(money: Money | None, quantity: int, before: int) -> Money | None:
    if money is None:
        return None
    return Money(amount=share(money.amount, quantity, before), currency=money.currency)
