"""Suppliers, what they offer, and what is ordered of them."""

from datetime import date, datetime
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bodega.kernel.commands import Command
from bodega.kernel.ids import LocationId, PurchaseId, SupplierId, VariantId
from bodega.kernel.money import Money, UnitPrice
from bodega.kernel.page import Page, PageRequest
from bodega.kernel.quantity import MAX_LINES, Quantity, UnitsLines

PurchaseStatus = Literal[
    "draft", "ordered", "partially_received", "received", "closed", "cancelled"
]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


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

    cost: UnitPrice
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
    cost: UnitPrice | None = None


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

    lines: UnitsLines
    note: Note = ""


class Buying(Protocol):
    """Purchase orders: drafted, ordered, received in parts, closed when no more will come."""

    async def suppliers(self, page: PageRequest) -> Page[SupplierView]:
        """Newest first."""

    async def supplier(self, supplier_id: SupplierId) -> SupplierView:
        """Raises `NotFound`."""

    async def create_supplier(self, command: Command, new: NewSupplier) -> SupplierView:
        """Raises `Conflict` for a code that is taken."""

    async def change_supplier(
        self, command: Command, supplier_id: SupplierId, change: SupplierChange
    ) -> SupplierView:
        """Raises `NotFound`."""

    async def offers(self, supplier_id: SupplierId) -> list[OfferView]:
        """Raises `NotFound`."""

    async def put_offer(
        self, command: Command, supplier_id: SupplierId, variant_id: VariantId, offer: Offer
    ) -> OfferView:
        """Raises `NotFound`."""

    async def purchases(
        self, page: PageRequest, *, status: PurchaseStatus | None = None
    ) -> Page[PurchaseView]:
        """Newest first."""

    async def purchase(self, purchase_id: PurchaseId) -> PurchaseView:
        """Raises `NotFound`."""

    async def draft(self, command: Command, new: NewPurchase) -> PurchaseView:
        """Raises `NotFound`, and `Rejected` for what the supplier offers no cost of."""

    async def draft_suggested(self, command: Command, *, limit: int = 100) -> list[PurchaseView]:
        """A draft for each supplier and location; what no supplier offers is left out."""

    async def order(self, command: Command, purchase_id: PurchaseId) -> PurchaseView:
        """It goes out. Raises `NotFound`, `Conflict`."""

    async def receive(
        self, command: Command, purchase_id: PurchaseId, delivery: Delivery
    ) -> PurchaseView:
        """All of it, or a part. Raises `NotFound`, `Conflict`."""

    async def close(self, command: Command, purchase_id: PurchaseId) -> PurchaseView:
        """No more will come of it. Raises `NotFound`, `Conflict`."""

    async def cancel(self, command: Command, purchase_id: PurchaseId) -> PurchaseView:
        """Before anything came of it. Raises `NotFound`, `Conflict`."""
