"""What a row of the file means: the rules of the import, one place."""

import re
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from functools import lru_cache

from bodega.contracts.orders import LineKind
from bodega.data.ingest.online_retail.parse import Row

_KINDS: dict[str, LineKind] = {
    "POST": "shipping",
    "DOT": "shipping",
    "C2": "shipping",
    "AMAZONFEE": "fee",
    "BANK CHARGES": "fee",
    "CRUK": "fee",
    "D": "discount",
    "M": "adjustment",
    "S": "adjustment",
    "B": "adjustment",
}
_VOUCHER = re.compile(r"GIFT_\d+_\d+")
_CENT = Decimal(100)
_HALF = Decimal("0.5")


class Category(StrEnum):
    """Every well-formed row is exactly one of these."""

    PRODUCT = "product_lines"
    FREE = "free_lines"
    SHIPPING = "shipping_lines"
    FEE = "fee_lines"
    DISCOUNT = "discount_lines"
    ADJUSTMENT = "adjustment_lines"
    RETURN = "return_lines"
    STOCK = "stock_corrections"


_OF_KIND = {
    "product": Category.PRODUCT,
    "shipping": Category.SHIPPING,
    "fee": Category.FEE,
    "discount": Category.DISCOUNT,
    "adjustment": Category.ADJUSTMENT,
}


@lru_cache(maxsize=100_000)
def sku(code: str) -> str:
    """`85014b` and `85014B` are one product: the file writes both for the same thing."""
    return code.upper()


@lru_cache(maxsize=100_000)
def kind(code: str) -> LineKind:
    """What a stock code stands for; anything not listed is a product. Gift vouchers are money in
    another form, not goods: adjustments."""
    upper = sku(code)
    if upper in _KINDS:
        return _KINDS[upper]
    return "adjustment" if _VOUCHER.fullmatch(upper) else "product"


def category(row: Row) -> Category:
    """Rows without money are stock keeping, unless a known customer was given something for free.
    A negative price adjusts an account. Units that go back with money are a return, marked `C` or
    not. A `C` row with positive units takes a refund back: an adjustment."""
    if row.price == 0:
        free = row.quantity > 0 and row.customer and row.description
        return Category.FREE if free else Category.STOCK
    if row.price < 0:
        return Category.ADJUSTMENT
    if row.quantity < 0:
        return Category.RETURN
    if row.invoice[0] in "Cc":
        return Category.ADJUSTMENT
    return _OF_KIND[kind(row.code)]


def line_kind(row: Row, found: Category) -> LineKind:
    """The kind of the order or return line that the row becomes."""
    return "adjustment" if found is Category.ADJUSTMENT else kind(row.code)


class Rounding:
    """Exact amounts → pence whose sum is the exact sum, halves rounded up, at every row.

    A row of whole pence keeps its amount; a fraction of a penny is carried to the next row that has
    one, so that three rows of 0.004 are 0, 1, 0 pence and not 0, 0, 0.
    """

    def __init__(self) -> None:
        self.exact = Decimal(0)
        self.pence = 0
        self.rows = 0

    def settle(self, amount: Decimal) -> int:
        """The pence of one row of `amount` pounds."""
        self.exact += amount
        scaled = amount * _CENT
        whole = int(scaled)
        if scaled == whole:
            self.pence += whole
            return whole
        self.rows += 1
        due = int((self.exact * _CENT + _HALF).to_integral_value(rounding=ROUND_FLOOR))
        amount_due = due - self.pence
        self.pence = due
        return amount_due
