"""Request bodies of the catalogue."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.contracts.catalog import ProductStatus
from bodega.kernel.money import UnitPrice
from bodega.kernel.quantity import PurchaseLimit, Quantity

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


TaxClass = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Grams = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class NewVariant(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Sku
    title: Title | None = None
    price: UnitPrice
    weight_grams: Grams = 0
    min_quantity: Quantity = 1
    max_quantity: Quantity | None = None
    quantity_step: Quantity = 1
    purchase_limit: PurchaseLimit | None = None


class VariantChange(BaseModel):
    """Only what is given changes; `max_quantity` or `purchase_limit` null lifts that limit."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    price: UnitPrice | None = None
    status: ProductStatus | None = None
    weight_grams: Grams | None = None
    min_quantity: Quantity | None = None
    max_quantity: Quantity | None = None
    quantity_step: Quantity | None = None
    purchase_limit: PurchaseLimit | None = None


class NewProduct(BaseModel):
    """A product to create; without a slug the title makes one."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")] | None = None
    description: Annotated[str, StringConstraints(max_length=20_000)] = ""
    category: Title | None = None
    image_url: Annotated[str, StringConstraints(pattern=r"^(https://|/)[^\s]+$")] | None = None
    status: ProductStatus = "active"
    tax_class: TaxClass = "standard"
    variants: Annotated[list[NewVariant], Field(min_length=1, max_length=100)]


class ProductChange(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    description: Annotated[str, StringConstraints(max_length=20_000)] | None = None
    category: Title | None = None
    status: ProductStatus | None = None
    tax_class: TaxClass | None = None
