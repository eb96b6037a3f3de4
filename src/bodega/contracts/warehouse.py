"""What staff ask of the stock as a whole: is it right, what runs low, what to order, reports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bodega.kernel.commands import Command
from bodega.kernel.ids import LocationId, SupplierId, VariantId
from bodega.kernel.money import Money
from bodega.kernel.page import Page, PageRequest

Units = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class LevelDetail(BaseModel):
    """A variant at one location: figures and thresholds."""

    variant_id: VariantId
    location_id: LocationId
    location: str
    on_hand: int
    allocated: int
    held: int
    available: int
    safety_stock: int
    reorder_point: int
    reorder_quantity: int
    backorder: Literal["none", "backorder", "preorder"]
    allowance: int
    available_on: date | None


class LevelSettings(BaseModel):
    """Thresholds of a level. A backorder needs an allowance, a pre-order its day as well."""

    model_config = ConfigDict(extra="forbid")

    safety_stock: Units = 0
    reorder_point: Units = 0
    reorder_quantity: Units = 0
    backorder: Literal["none", "backorder", "preorder"] = "none"
    allowance: Units = 0
    available_on: date | None = None


class MovementView(BaseModel):
    """One row of the ledger: signed units on hand and promised, why, for what, by whom."""

    variant_id: VariantId
    location: str
    quantity: int
    promised: int
    reason: str
    reference_id: str | None
    unit_cost: Money | None
    actor: str | None
    occurred_at: datetime


class LowStock(BaseModel):
    """A level at its reorder point or below: what is on hand and not promised."""

    variant_id: VariantId
    location: str
    on_hand: int
    allocated: int
    reorder_point: int
    reorder_quantity: int


class StockDiscrepancy(BaseModel):
    """A level that its ledger, or the promises behind it, say otherwise of; None: no such level."""

    variant_id: VariantId
    location: str
    on_hand: int | None
    on_hand_by_ledger: int
    allocated: int | None
    allocated_by_ledger: int
    allocated_by_promises: int


class StockCheck(BaseModel):
    """Every level recomputed from the ledger; at most a hundred differences are listed."""

    checked_at: datetime
    levels: int
    differences: list[StockDiscrepancy]

    @property
    def ok(self) -> bool:
        return not self.differences


class Suggestion(BaseModel):
    """What to order of a variant for a location, and why: `position` is on hand less promised plus
    on order, `daily` the units wanted a day (a decimal), `reorder_point` the one in force. `basis`
    is who says how many are wanted: a forecast's model, or the moving `average` of what was
    promised."""

    variant_id: VariantId
    location_id: LocationId
    location: str
    supplier_id: SupplierId | None
    supplier: str | None
    position: int
    on_order: int
    daily: Decimal
    reorder_point: int
    quantity: int
    basis: str = "average"


class StockSummary(BaseModel):
    """The whole of the stock in figures; `value` by currency, `uncosted` units have no known
    cost."""

    variants: int
    on_hand: int
    allocated: int
    backordered: int
    sold_out: int
    value: list[Money]
    uncosted: int


class Named(BaseModel):
    """A row of a report; without a name when the catalogue does not know the variant."""

    variant_id: VariantId
    sku: str | None = None
    title: str | None = None


class ValuationRow(Named):
    """First in, first out: the units there are came last. `uncosted` of them have no known cost."""

    units: int
    value: Money | None
    uncosted: int


class AgeingRow(Named):
    """Units by days since they came in, first in, first out."""

    units: int
    days_0_30: int
    days_31_90: int
    days_91_180: int
    days_181_365: int
    days_over_365: int
    oldest_at: datetime


class TurnoverRow(Named):
    """`turnover` = units sent / average on hand; `days_of_stock` = what is there at that pace."""

    sent: int
    average_on_hand: Decimal
    turnover: Decimal | None
    days_of_stock: Decimal | None


class StockOutRow(Named):
    """Days of the period in which nothing was free to sell; `still` at its end."""

    days: Decimal
    share: Decimal
    still: bool


class Warehouse(Protocol):
    """What staff ask of the stock as a whole. Reports come worst or greatest first."""

    async def check(self) -> StockCheck:
        """Recompute every level from the ledger and the promises."""

    async def summary(self) -> StockSummary: ...

    async def levels_of(self, variant_id: VariantId) -> list[LevelDetail]:
        """The variant at each location, in the order of picking; empty when it never was at one."""

    async def movements(
        self, page: PageRequest, *, variant_id: VariantId | None = None
    ) -> Page[MovementView]:
        """The ledger, newest first."""

    async def set_thresholds(
        self,
        command: Command,
        variant_id: VariantId,
        location_id: LocationId,
        settings: LevelSettings,
    ) -> LevelDetail:
        """Raises `NotFound`, and `Rejected` for a backorder without an allowance."""

    async def low(self, *, limit: int = 100) -> list[LowStock]:
        """Levels at their reorder point or below, the worst first."""

    async def suggestions(self, *, limit: int = 100) -> list[Suggestion]:
        """What should be ordered now, the most urgent first."""

    async def valuation(self, *, limit: int | None = None) -> list[ValuationRow]:
        """What the stock cost, units on their way between locations included."""

    async def ageing(self, *, limit: int | None = None) -> list[AgeingRow]:
        """How long the stock has been there."""

    async def turnover(
        self, *, since: datetime, until: datetime, limit: int | None = None
    ) -> list[TurnoverRow]: ...

    async def stock_outs(
        self, *, since: datetime, until: datetime, limit: int | None = None
    ) -> list[StockOutRow]: ...
