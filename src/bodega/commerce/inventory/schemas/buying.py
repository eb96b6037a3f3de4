"""Bodies about suppliers, purchase orders and receipts."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bodega.commerce.inventory.schemas.levels import Code, Words
from bodega.commerce.inventory.schemas.moving import MAX_LINES, Lines, Note
from bodega.kernel.ids import LocationId, PurchaseId, SupplierId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.quantity import Quantity

PurchaseStatus = Literal[
    "draft", "ordered", "partially_received", "received", "closed", "cancelled"
]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]


class NewSupplier(BaseModel):
    """`email` is where a person of theirs reads: personal data, for staff only."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    name: Words
    email: Annotated[str | None, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] = None
    lead_days: Days = 7


class SupplierChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Words | None = None
    email: Annotated[str | None, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] = None
    lead_days: Days | None = None
    active: bool | None = None


class SupplierView(BaseModel):
    id: SupplierId
    code: str
    name: str
    email: str | None
    lead_days: int
    active: bool


class Offer(BaseModel):
    """What a unit costs there; orders come in whole packs, at least `min_quantity`."""

    model_config = ConfigDict(extra="forbid")

    cost: Money
    pack_size: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    min_quantity: Quantity = 1
    preferred: bool = False


class OfferView(Offer):
    model_config = ConfigDict(extra="ignore")

    supplier_id: SupplierId
    variant_id: VariantId


class PurchaseWish(BaseModel):
    """Without `cost`, what the supplier's offer says."""

    model_config = ConfigDict(extra="forbid")

    variant_id: VariantId
    quantity: Quantity
    cost: Money | None = None


class NewPurchase(BaseModel):
    """A draft: nothing is ordered yet."""

    model_config = ConfigDict(extra="forbid")

    supplier_id: SupplierId
    location_id: LocationId | None = None
    lines: Annotated[list[PurchaseWish], Field(min_length=1, max_length=MAX_LINES)]
    expected_on: date | None = None
    note: Note = ""


class PurchaseLine(BaseModel):
    variant_id: VariantId
    quantity: int
    received: int
    cost: Money


class ReceiptLine(BaseModel):
    variant_id: VariantId
    quantity: int


class ReceiptView(BaseModel):
    received_at: datetime
    actor: str
    note: str
    lines: list[ReceiptLine]


class PurchaseView(BaseModel):
    """A purchase order, its lines and what came of them."""

    id: PurchaseId
    number: int
    supplier_id: SupplierId
    supplier: str
    location: str
    status: PurchaseStatus
    expected_on: date | None
    note: str
    actor: str
    created_at: datetime
    ordered_at: datetime | None
    ended_at: datetime | None
    lines: list[PurchaseLine]
    receipts: list[ReceiptView]


class Delivery(BaseModel):
    """What came of a purchase order, in part or in whole."""

    model_config = ConfigDict(extra="forbid")

    lines: Lines
    note: Note = ""
