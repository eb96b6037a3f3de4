"""Pure rules of the catalogue."""

import re
import unicodedata

from bodega.commerce.catalog.errors import QuantitiesMalformed
from bodega.kernel.quantity import PurchaseLimit

MAX_SLUG = 80


def slugify(title: str) -> str:
    """`White Hanging Heart T-Light` → `white-hanging-heart-t-light`; never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-")
    return slug or "product"


def check_quantities(*, least: int, most: int | None, in_all: PurchaseLimit | None = None) -> None:
    """Raises QuantitiesMalformed."""
    if most is not None and most < least:
        raise QuantitiesMalformed(f"Nobody can buy at least {least} and at most {most} units")
    if in_all is not None and in_all.units < least:
        raise QuantitiesMalformed(
            f"Nobody can buy at least {least} units at once and {in_all.units} in all"
        )
