"""What is for sale."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from bodega.kernel.commands import Command
from bodega.kernel.events import Event
from bodega.kernel.ids import ImportBatchId, ProductId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import PurchaseLimit, Quantity

ProductStatus = Literal["active", "draft", "archived"]


class VariantView(BaseModel):
    """One thing one can buy, in `min_quantity` plus multiples of `quantity_step`, up to
    `max_quantity` in one order and `purchase_limit` over a customer's orders. `weight_grams` is 0
    when nobody has weighed it."""

    id: VariantId
    sku: str
    title: str
    price: Money
    status: ProductStatus = "active"
    weight_grams: int = 0
    min_quantity: int = 1
    max_quantity: int | None = None
    quantity_step: int = 1
    purchase_limit: PurchaseLimit | None = None


class ProductView(BaseModel):
    """A product with its variants; `slug` is its name in addresses, `tax_class` decides the rate of
    tax on it."""

    id: ProductId
    slug: str
    title: str
    description: str
    category: str | None
    image_url: str | None
    status: ProductStatus
    variants: list[VariantView]
    tax_class: str = "standard"


class SellableVariant(BaseModel):
    """What cart and checkout need to know of a variant. It is sold in `min_quantity` plus multiples
    of `quantity_step`, up to `max_quantity` in one order and `purchase_limit` over a customer's
    orders."""

    id: VariantId
    product_id: ProductId
    slug: str
    sku: str
    title: str
    price: Money
    active: bool
    category: str | None = None
    tax_class: str = "standard"
    weight_grams: int = 0
    min_quantity: int = 1
    max_quantity: int | None = None
    quantity_step: int = 1
    purchase_limit: PurchaseLimit | None = None


class ImportedProduct(BaseModel):
    """A product of another system with its single variant."""

    model_config = ConfigDict(frozen=True)

    id: ProductId
    variant_id: VariantId
    source_key: str
    sku: str
    title: str
    description: str
    category: str | None
    price: Money
    first_seen_at: datetime
    status: ProductStatus = "active"
    tax_class: str = "standard"
    weight_grams: int = 0
    purchase_limit: PurchaseLimit | None = None


class ProductChanged(Event):
    """A product was created, edited or archived: ask the catalogue how it stands."""

    type: ClassVar[str] = "catalog.product_changed"
    product_id: ProductId

    @property
    def key(self) -> ProductId:
        return self.product_id


class ProductsImported(Event):
    type: ClassVar[str] = "catalog.import_completed"
    import_batch_id: ImportBatchId
    source: str
    rows: int

    @property
    def key(self) -> ImportBatchId:
        return self.import_batch_id


class SellingRules(BaseModel):
    """In which quantities a variant is sold, set all together; None is no such limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_quantity: Quantity = 1
    max_quantity: Quantity | None = None
    quantity_step: Quantity = 1
    purchase_limit: PurchaseLimit | None = None


class Assortment(Protocol):
    """What staff change of the catalogue in the console."""

    async def set_rules(
        self, command: Command, variant_id: VariantId, rules: SellingRules
    ) -> SellingRules:
        """Raises `NotFound`, and `Rejected` for quantities nobody can buy."""


class Catalog(Protocol):
    """Read the catalogue. Only active products are shown unless a method says otherwise."""

    async def products(
        self, page: PageRequest, *, category: str | None = None
    ) -> Page[ProductView]:
        """Active products, newest first."""

    async def product(self, slug: str) -> ProductView | None: ...

    async def products_by_id(self, product_ids: Sequence[ProductId]) -> list[ProductView]:
        """Those of `product_ids` that are active, in the order given."""

    async def sellable(self, variant_ids: Sequence[VariantId]) -> dict[VariantId, SellableVariant]:
        """Known variants, active or not; unknown ids are absent."""

    async def by_sku(self, skus: Sequence[str]) -> dict[str, SellableVariant]:
        """Known variants by their SKU, active or not; unknown ones are absent."""

    async def categories(self) -> list[str]:
        """Names of categories with active products, A to Z."""

    async def bulk_load(
        self,
        batch: Sequence[ImportedProduct],
        *,
        source: str,
        import_batch_id: ImportBatchId,
    ) -> int:
        """COPY products in, idempotent by (source, source_key); the number of new rows."""
