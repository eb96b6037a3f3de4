"""What a part of a line's units is worth, so that the parts always sum to the line and each can be
given back: what is charged in a currency is a multiple of its `charge_step`."""

from bodega.contracts.orders import OrderLine
from bodega.kernel.money import Money, chargeable


def share(amount: int, part: int, whole: int) -> int:
    """`amount` × `part` / `whole`, rounded half to even onto the minor unit."""
    quotient, rest = divmod(amount * part, whole)
    if rest * 2 > whole or (rest * 2 == whole and quotient % 2):
        return quotient + 1
    return quotient


def next_units(line: OrderLine, units: int) -> Money:
    """What the next `units` cost that come back, or are not sent after all. Summed over all of a
    line this is its total: each is the difference of two running shares."""
    gone = line.returned + line.cancelled
    return Money(
        amount=_running(line, gone + units) - _running(line, gone), currency=line.total.currency
    )


def _running(line: OrderLine, units: int) -> int:
    """What the first so many units cost: all of them the line's total, fewer what can be charged of
    their share."""
    exact = share(line.total.amount, units, line.quantity)
    return exact if units == line.quantity else chargeable(exact, line.total.currency)


def tax_in(line: OrderLine, amount: int) -> int:
    """The tax contained in `amount` of the line's total."""
    if line.tax is None or not line.total.amount:
        return 0
    return share(line.tax.amount, amount, line.total.amount)


def resized(line: OrderLine, quantity: int) -> OrderLine:
    """The line with another number of units: discount and tax in proportion, the total anew."""
    discount = _scaled(line.discount, quantity, line.quantity)
    tax = _scaled(line.tax, quantity, line.quantity)
    cost = (line.unit_price * quantity).amount - (discount.amount if discount else 0)
    if tax is not None and not line.tax_included:
        cost += tax.amount
    total = chargeable(cost, line.total.currency)
    if odd := cost - total:
        discount = (discount or Money.zero(line.total.currency)) + _like(line, odd)
    return line.model_copy(
        update={
            "quantity": quantity, "discount": discount, "tax": tax, "total": _like(line, total)
        }
    )  # fmt: skip


def _like(line: OrderLine, amount: int) -> Money:
    return Money(amount=amount, currency=line.total.currency)


def _scaled(money: Money | None, quantity: int, before: int) -> Money | None:
    if money is None:
        return None
    return Money(amount=share(money.amount, quantity, before), currency=money.currency)
