"""Variants as people name them: by SKU."""

from collections.abc import Sequence

from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.web.forms import FieldOdd, PostedForm

MAX_SKUS = 500


async def named_skus(goods: Catalog, form: PostedForm, field: str) -> list[SellableVariant]:
    """The variants a text field names, apart by commas, spaces or lines. Raises FieldOdd."""
    return await known_skus(goods, form.text(field).replace(",", " ").split(), field)


async def known_skus(goods: Catalog, skus: Sequence[str], field: str) -> list[SellableVariant]:
    """Raises FieldOdd, which names the first few that nobody knows."""
    if len(skus) > MAX_SKUS:
        raise FieldOdd(field, f"Name at most {MAX_SKUS} SKUs at once")
    known = await goods.by_sku(skus) if skus else {}
    unknown = [sku for sku in skus if sku not in known]
    if unknown:
        raise FieldOdd(field, f"Nobody knows the SKU {', '.join(unknown[:5])}")
    return [known[sku] for sku in skus]
