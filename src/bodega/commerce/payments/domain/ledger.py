"""Double entry: what each movement of money does to the accounts, as lines that sum to zero.

Debits are positive, credits negative. An order owes (receivable) what it sells (revenue) and what
belongs to the state (tax); a capture moves that debt to the provider (clearing), who keeps fees and
takes chargebacks out of it.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from bodega.contracts.books import LedgerAccount

Lines = tuple[tuple[LedgerAccount, int], ...]


@dataclass(frozen=True, slots=True)
class Sale:
    """What an order is worth now, of which `tax` belongs to the state."""

    total: int
    tax: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """What stands in the ledger for one checkout, every figure positive when money came in. `kept`
    is what pays the sale, by capture or by what came back of another."""

    sale: int = 0
    sale_tax: int = 0
    kept: int = 0


def captured(amount: int) -> Lines:
    return (("provider_clearing", amount), ("receivable", -amount))


def voided(amount: int) -> Lines:
    """A capture undone: the debt is back, until the sale itself is cancelled."""
    return (("receivable", amount), ("provider_clearing", -amount))


def refunded(amount: int) -> Lines:
    return (("refunds", amount), ("provider_clearing", -amount))


def refund_failed(amount: int) -> Lines:
    return (("provider_clearing", amount), ("refunds", -amount))


def charged_fee(amount: int) -> Lines:
    """Negative for a fee the provider gave back."""
    return (("fees", amount), ("provider_clearing", -amount))


def charged_back(amount: int) -> Lines:
    return (("chargebacks", amount), ("provider_clearing", -amount))


def reinstated(amount: int) -> Lines:
    return (("provider_clearing", amount), ("chargebacks", -amount))


def sold(amount: int, tax: int) -> Lines:
    return (("receivable", amount), ("revenue", tax - amount), ("tax", -tax))


def exchanged(amount: int) -> Lines:
    """What came back of one sale pays another: it was given back, and the debt is settled."""
    return (("refunds", amount), ("receivable", -amount))


def credited_tax(tax: int) -> Lines:
    """The tax on a credit note, less that on what was invoiced anew in the same change."""
    return (("tax", tax), ("refunds", -tax))


def squared(sale: Sale, booked: Booked) -> Lines:
    """What is missing until the sale stands as it should, whatever the order in which sale,
    cancellation and capture became known: a cancelled one is worth what was kept of it."""
    total = min(sale.total, max(0, booked.kept)) if sale.cancelled else sale.total
    tax = share(sale.tax, total, sale.total)
    return sold(total - booked.sale, tax - booked.sale_tax)


def share(amount: int, part: int, whole: int) -> int:
    """`amount` × part ÷ whole, half to even; zero of nothing."""
    if whole == 0:
        return 0
    exact = Decimal(amount) * part / whole
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
