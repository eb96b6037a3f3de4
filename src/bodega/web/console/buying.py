"""Suppliers and purchase orders in the console."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.backbone.settings import Settings
from bodega.contracts.buying import (
    Buying,
    Delivery,
    NewPurchase,
    NewSupplier,
    Offer,
    OfferView,
    PurchaseStatus,
    PurchaseView,
    PurchaseWish,
    SupplierChange,
    SupplierView,
)
from bodega.contracts.catalog import Catalog
from bodega.contracts.inventory import Inventory
from bodega.contracts.warehouse import Warehouse
from bodega.kernel.ids import LocationId, PurchaseId, SupplierId
from bodega.kernel.money import Money
from bodega.kernel.page import MAX_PAGE, PageRequest
from bodega.web.access import ConsoleStaff
from bodega.web.amounts import money_in
from bodega.web.console.doing import Refused, Sent, StaffForm, attempt
from bodega.web.console.skus import ROWS, named_skus, names_of, sku_lines, units_lines
from bodega.web.forms import FieldOdd
from bodega.web.pages import redirect, render

purchases = APIRouter(prefix="/console/purchases", include_in_schema=False)
suppliers = APIRouter(prefix="/console/suppliers", include_in_schema=False)

MAX_NOTE = 500
SUGGESTED = 50


@dataclass(frozen=True, slots=True)
class Office:
    """Everyone the pages ask."""

    buying: Annotated[Buying, provided(Buying)]
    books: Annotated[Warehouse, provided(Warehouse)]
    stock: Annotated[Inventory, provided(Inventory)]
    goods: Annotated[Catalog, provided(Catalog)]


Asked = Annotated[Office, Depends(Office)]


@purchases.get("")
async def list_purchases(
    request: Request,
    who: ConsoleStaff,
    office: Asked,
    page: PageQuery,
    status: PurchaseStatus | Literal[""] = "",
) -> Response:
    """What is ordered, and what should be."""
    suggested = await office.books.suggestions(limit=SUGGESTED)
    return render(
        request,
        "console/purchases.html",
        found=await office.buying.purchases(page, status=status or None),
        chosen=status,
        statuses=get_args(PurchaseStatus),
        suggested=suggested,
        named=await names_of(office.goods, [item.variant_id for item in suggested]),
    )


@purchases.post("/suggested")
async def draft_suggested(request: Request, sent: Sent, office: Asked) -> Response:
    """A draft for each supplier and location, with all that is suggested."""
    made = await office.buying.draft_suggested(sent.command("suggested"), limit=SUGGESTED)
    if len(made) == 1:
        return redirect(request, f"/console/purchases/{made[0].id}", flash="purchase-drafted")
    flash = "purchase-drafted" if made else "nobody-offers"
    return redirect(request, "/console/purchases", flash=flash)


@purchases.get("/new")
async def show_new_purchase(
    request: Request,
    who: ConsoleStaff,
    office: Asked,
    sku: Annotated[str, Query(max_length=100)] = "",
    supplier: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return await _new(request, office, {"sku-0": sku, "supplier_id": supplier})


@purchases.post("")
async def draft(request: Request, sent: Sent, office: Asked) -> Response:
    currency = _currency(request)

    async def make() -> PurchaseView:
        return await office.buying.draft(
            sent.command("purchase"), await _draft(office, sent, currency)
        )

    made = await attempt(make)
    if isinstance(made, Refused):
        return await _new(request, office, sent.form.typed(), made)
    return redirect(request, f"/console/purchases/{made.id}", flash="purchase-drafted")


@purchases.get("/{purchase_id}")
async def show_purchase(
    request: Request, who: ConsoleStaff, office: Asked, purchase_id: PurchaseId
) -> Response:
    return await _purchase(request, office, purchase_id)


@purchases.post("/{purchase_id}/receipts")
async def receive(request: Request, sent: Sent, office: Asked, purchase_id: PurchaseId) -> Response:
    """All of it, or a part."""

    async def take_in() -> PurchaseView:
        delivery = Delivery(lines=units_lines(sent.form), note=sent.form.text("note")[:MAX_NOTE])
        return await office.buying.receive(sent.command("receipt"), purchase_id, delivery)

    return await _done(request, office, purchase_id, take_in)


@purchases.post("/{purchase_id}/{step}")
async def turn(
    request: Request,
    sent: Sent,
    office: Asked,
    purchase_id: PurchaseId,
    step: Literal["order", "close", "cancel"],
) -> Response:
    steps = {
        "order": office.buying.order,
        "close": office.buying.close,
        "cancel": office.buying.cancel,
    }

    async def go() -> PurchaseView:
        return await steps[step](sent.command(step), purchase_id)

    return await _done(request, office, purchase_id, go)


@suppliers.get("")
async def list_suppliers(
    request: Request, who: ConsoleStaff, office: Asked, page: PageQuery
) -> Response:
    return await _suppliers(request, office, page)


@suppliers.post("")
async def create_supplier(request: Request, sent: Sent, office: Asked) -> Response:
    async def make() -> SupplierView:
        new = NewSupplier(
            code=sent.form.text("code").lower(),
            name=sent.form.text("name"),
            email=sent.form.text("email") or None,
            lead_days=_days(sent),
        )
        return await office.buying.create_supplier(sent.command("supplier"), new)

    made = await attempt(make)
    if isinstance(made, Refused):
        typed = sent.form.typed()
        return await _suppliers(request, office, PageRequest(), entered=typed, refused=made)
    return redirect(request, f"/console/suppliers/{made.id}", flash="saved-now")


@suppliers.get("/{supplier_id}")
async def show_supplier(
    request: Request, who: ConsoleStaff, office: Asked, supplier_id: SupplierId
) -> Response:
    return await _supplier(request, office, supplier_id)


@suppliers.post("/{supplier_id}")
async def change_supplier(
    request: Request, sent: Sent, office: Asked, supplier_id: SupplierId
) -> Response:
    async def save() -> SupplierView:
        change = SupplierChange(
            name=sent.form.text("name"),
            email=sent.form.text("email") or None,
            lead_days=_days(sent),
            active=sent.form.checked("active"),
        )
        return await office.buying.change_supplier(sent.command("change"), supplier_id, change)

    return await _supplied(request, office, supplier_id, await attempt(save))


@suppliers.post("/{supplier_id}/offers")
async def put_offer(
    request: Request, sent: Sent, office: Asked, supplier_id: SupplierId
) -> Response:
    currency = _currency(request)

    async def save() -> OfferView:
        variants = await named_skus(office.goods, sent.form, "sku")
        cost = money_in(sent.form, "cost", currency)
        if len(variants) != 1:
            raise FieldOdd("sku", "Name one SKU")
        if cost is None or cost.amount < 0:
            raise FieldOdd("cost", "Enter what a unit costs")
        offer = Offer(
            cost=cost,
            pack_size=sent.form.whole("pack_size") or 1,
            min_quantity=sent.form.whole("min_quantity") or 1,
            preferred=sent.form.checked("preferred"),
        )
        return await office.buying.put_offer(
            sent.command("offer"), supplier_id, variants[0].id, offer
        )

    return await _supplied(request, office, supplier_id, await attempt(save), sent.form.typed())


async def _draft(office: Office, sent: StaffForm, currency: str) -> NewPurchase:
    """Without a cost, what the supplier offers."""
    wishes = [
        PurchaseWish(
            variant_id=line.variant.id,
            quantity=line.units,
            cost=money_in(sent.form, f"cost-{line.row}", currency),
        )
        for line in await sku_lines(office.goods, sent.form)
    ]
    return NewPurchase(
        supplier_id=SupplierId(sent.form.uuid("supplier_id")),
        location_id=LocationId(sent.form.uuid("location_id")),
        lines=wishes,
        expected_on=sent.form.day("expected_on"),
        note=sent.form.text("note")[:MAX_NOTE],
    )


def _days(sent: StaffForm) -> int:
    days = sent.form.whole("lead_days")
    if days is None:
        raise FieldOdd("lead_days", "Enter how many days a delivery takes")
    return days


def _currency(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.currency


async def _done(
    request: Request,
    office: Office,
    purchase_id: PurchaseId,
    perform: Callable[[], Awaitable[PurchaseView]],
) -> Response:
    done = await attempt(perform)
    if isinstance(done, Refused):
        return await _purchase(request, office, purchase_id, done)
    return redirect(request, f"/console/purchases/{purchase_id}", flash="saved-now")


async def _new(
    request: Request, office: Office, entered: Mapping[str, str], refused: Refused | None = None
) -> Response:
    known = (await office.buying.suppliers(PageRequest(limit=MAX_PAGE))).items
    return render(
        request,
        "console/purchase_new.html",
        status=refused.status if refused else 200,
        suppliers=[one for one in known if one.active],
        places=[place for place in await office.stock.locations() if place.active],
        entered=entered,
        rows=ROWS,
        currency=_currency(request),
        refused=refused,
    )


async def _purchase(
    request: Request, office: Office, purchase_id: PurchaseId, refused: Refused | None = None
) -> Response:
    found = await office.buying.purchase(purchase_id)
    return render(
        request,
        "console/purchase.html",
        status=refused.status if refused else 200,
        purchase=found,
        costs=_costs(found),
        named=await names_of(office.goods, [line.variant_id for line in found.lines]),
        refused=refused,
    )


def _costs(purchase: PurchaseView) -> list[Money]:
    """What all of it costs, by currency."""
    sums: Counter[str] = Counter()
    for line in purchase.lines:
        sums[line.cost.currency] += line.cost.amount * line.quantity
    return [Money(amount=amount, currency=currency) for currency, amount in sums.items()]


async def _suppliers(
    request: Request,
    office: Office,
    page: PageRequest,
    *,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    return render(
        request,
        "console/suppliers.html",
        status=refused.status if refused else 200,
        found=await office.buying.suppliers(page),
        entered=entered or {"lead_days": "7"},
        refused=refused,
    )


async def _supplied(
    request: Request,
    office: Office,
    supplier_id: SupplierId,
    outcome: object,
    entered: Mapping[str, str] | None = None,
) -> Response:
    if isinstance(outcome, Refused):
        return await _supplier(request, office, supplier_id, entered, outcome)
    return redirect(request, f"/console/suppliers/{supplier_id}", flash="saved-now")


async def _supplier(
    request: Request,
    office: Office,
    supplier_id: SupplierId,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    offers = await office.buying.offers(supplier_id)
    return render(
        request,
        "console/supplier.html",
        status=refused.status if refused else 200,
        supplier=await office.buying.supplier(supplier_id),
        offers=offers,
        named=await names_of(office.goods, [offer.variant_id for offer in offers]),
        currency=_currency(request),
        entered=entered or {},
        refused=refused,
    )
