"""Variants as people name them: by SKU."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from bodega.contracts.catalog import Catalog, SellableVariant
from bodega.kernel.ids import VariantId
from bodega.kernel.quantity import MAX_QUANTITY, UnitsLine
from bodega.web.forms import FieldOdd, FormMangled, PostedForm

MAX_SKUS = 500
ROWS = 10


class SkuLine(NamedTuple):
    """A row of a form: a variant, how many, and the row's number for what else stands in it."""

    variant: SellableVariant
    units: int
    row: str


async def named_skus(goods: Catalog, form: PostedForm, field: str) -> list[SellableVariant]:
    """The variants a text field names, apart by commas, spaces or lines. Raises FieldOdd."""
    return await _known(goods, form.text(field).replace(",", " ").split(), field)


async def sku_lines(goods: Catalog, form: PostedForm) -> list[SkuLine]:
    """The filled rows `sku-N` with their `units-N`. Raises FieldOdd."""
    rows = [(row, form.text(f"sku-{row}")) for row in sku_rows(form)]
    if not rows:
        raise FieldOdd("sku-0", "Name at least one SKU")
    variants = await _known(goods, [sku for _, sku in rows], "sku-0")
    return [
        SkuLine(variant, _units(form, f"units-{row}"), row)
        for variant, (row, _) in zip(variants, rows, strict=True)
    ]


def sku_rows(form: PostedForm) -> list[str]:
    """The numbers of the rows in which something stands. Raises FieldOdd for one without a SKU,
    which would be left out unseen."""
    rows = dict.fromkeys(
        row
        for name in ("sku-", "units-", "cost-")
        for row, _ in form.begins(name)
        if row.isdecimal()
    )
    for row in rows:
        if not form.text(f"sku-{row}"):
            raise FieldOdd(f"sku-{row}", f"Name the SKU in row {int(row) + 1}, or empty the row")
    return list(rows)


def units_lines(form: PostedForm) -> list[UnitsLine]:
    """The filled fields `units-<variant>` above zero. Raises FormMangled when there is none."""
    found = [
        UnitsLine(variant_id=_variant_id(rest), quantity=_units(form, field))
        for rest, field in form.begins("units-")
        if form.text(field) != "0"
    ]
    if not found:
        raise FormMangled("Say of at least one line how many units there are")
    return found


async def names_of(
    goods: Catalog, variant_ids: Iterable[VariantId]
) -> dict[VariantId, SellableVariant]:
    return await goods.sellable(sorted(set(variant_ids)))


async def _known(goods: Catalog, skus: Sequence[str], field: str) -> list[SellableVariant]:
    """Raises FieldOdd, which names the first few that nobody knows."""
    if len(skus) > MAX_SKUS:
        raise FieldOdd(field, f"Name at most {MAX_SKUS} SKUs at once")
    known = await goods.by_sku(skus) if skus else {}
    unknown = [sku for sku in skus if sku not in known]
    if unknown:
        raise FieldOdd(field, f"Nobody knows the SKU {', '.join(unknown[:5])}")
    return [known[sku] for sku in skus]


def _units(form: PostedForm, field: str) -> int:
    units = form.whole(field)
    if units is None or not 1 <= units <= MAX_QUANTITY:
        raise FieldOdd(field, f"Enter a number of units from 1 to {MAX_QUANTITY:,}")
    return units


def _variant_id(text: str) -> VariantId:
    try:
        return VariantId(UUID(text))
    except ValueError as error:
        raise FormMangled from error
