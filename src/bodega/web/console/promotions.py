"""Promotions in the console: what runs, making one, its codes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.contracts.promotions import (
    CouponView,
    NewCoupons,
    NewPromotion,
    PromotionChange,
    PromotionKind,
    Promotions,
    PromotionView,
)
from bodega.kernel.clock import SystemClock
from bodega.kernel.errors import NotFound
from bodega.kernel.ids import PromotionId
from bodega.kernel.page import PageRequest
from bodega.web.access import ConsoleStaff
from bodega.web.amounts import minor_in, plain
from bodega.web.console.doing import Refused, Sent, attempt
from bodega.web.console.skus import named_skus
from bodega.web.forms import FieldOdd, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/promotions", include_in_schema=False)

CODES_SHOWN = 50
KINDS: dict[PromotionKind, tuple[str, str]] = {
    "percentage": ("Percentage off", "15 % off the goods, or off some of them"),
    "fixed": ("Amount off", "5.00 off the goods, or off some of them"),
    "buy_x_get_y": ("Buy some, get some", "Buy 2 and get 1 free, or at a lower price"),
    "free_shipping": ("Free delivery", "Whatever delivery costs is taken off"),
}
_STATES = {"running": "ok", "scheduled": "late", "used up": "odd", "ended": "", "off": ""}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everyone the pages ask."""

    offers: Annotated[Promotions, provided(Promotions)]
    goods: Annotated[Catalog, provided(Catalog)]


Asked = Annotated[Shelf, Depends(Shelf)]


@router.get("")
async def list_promotions(
    request: Request, who: ConsoleStaff, shelf: Asked, page: PageQuery
) -> Response:
    found = await shelf.offers.promotions(page)
    return render(
        request,
        "console/promotions.html",
        found=found,
        now=SystemClock().now(),
        kinds=KINDS,
        states=_STATES,
        plain=plain,
    )


@router.get("/new")
async def show_new(
    request: Request,
    who: ConsoleStaff,
    shelf: Asked,
    kind: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    return await _new(request, shelf, kind)


@router.post("")
async def create(request: Request, sent: Sent, shelf: Asked) -> Response:
    """The same form twice makes one."""
    currency = _currency(request)

    async def make() -> PromotionView:
        return await shelf.offers.create(
            sent.command("promotion"), await _promotion(shelf, sent.form, currency)
        )

    made = await attempt(make)
    if isinstance(made, Refused):
        return await _new(request, shelf, sent.form.text("kind"), form=sent.form, refused=made)
    return redirect(request, f"/console/promotions/{made.id}", flash="promotion-made")


@router.get("/{promotion_id}")
async def show(
    request: Request, who: ConsoleStaff, shelf: Asked, promotion_id: PromotionId, page: PageQuery
) -> Response:
    return await _page(request, shelf, promotion_id, page)


@router.post("/{promotion_id}")
async def change(request: Request, sent: Sent, shelf: Asked, promotion_id: PromotionId) -> Response:
    async def save() -> PromotionView:
        known = await shelf.offers.promotion(promotion_id)
        return await shelf.offers.change(
            sent.command("change"), promotion_id, _change(sent.form, known)
        )

    return await _saved(request, shelf, promotion_id, await attempt(save))


@router.post("/{promotion_id}/state")
async def switch(request: Request, sent: Sent, shelf: Asked, promotion_id: PromotionId) -> Response:
    wanted = PromotionChange(active=sent.form.one_of("active", "on", "off") == "on")

    async def save() -> PromotionView:
        return await shelf.offers.change(sent.command("state"), promotion_id, wanted)

    return await _saved(request, shelf, promotion_id, await attempt(save))


@router.post("/{promotion_id}/coupons")
async def add_coupons(
    request: Request, sent: Sent, shelf: Asked, promotion_id: PromotionId
) -> Response:
    async def add() -> Sequence[CouponView]:
        new = NewCoupons(
            codes=sent.form.text("codes").replace(",", " ").split(),
            count=sent.form.whole("count") or 0,
            prefix=sent.form.text("prefix"),
            total_limit=sent.form.whole("total_limit"),
        )
        return await shelf.offers.add_coupons(sent.command("coupons"), promotion_id, new)

    return await _saved(request, shelf, promotion_id, await attempt(add), flash="coupons-made")


@router.post("/{promotion_id}/coupons/{code}")
async def switch_coupon(
    request: Request,
    sent: Sent,
    shelf: Asked,
    promotion_id: PromotionId,
    code: str,
) -> Response:
    async def save() -> CouponView:
        active = sent.form.one_of("active", "on", "off") == "on"
        return await shelf.offers.change_coupon(sent.command("coupon"), code, active=active)

    return await _saved(request, shelf, promotion_id, await attempt(save))


async def _promotion(shelf: Shelf, form: PostedForm, currency: str) -> NewPromotion:
    """Only what is filled in is sent: the module knows what each kind needs."""
    money = ("discount_amount", "min_subtotal_amount", "max_discount_amount")
    given: dict[str, Any] = {name: minor_in(form, name, currency) for name in money}
    numbers = ("buy_quantity", "get_quantity", "total_limit", "customer_limit", "priority")
    given |= {name: form.whole(name) for name in numbers}
    given |= {"percent": form.decimal("percent")}
    given |= {"starts_at": form.instant("starts_at"), "ends_at": form.instant("ends_at")}
    variants = await named_skus(shelf.goods, form, "skus")
    return NewPromotion.model_validate(
        {
            "title": form.text("title"),
            "kind": form.text("kind"),
            "automatic": form.one_of("how", "automatic", "codes") == "automatic",
            "exclusive": form.checked("exclusive"),
            "categories": form.all("categories"),
            "product_ids": list(dict.fromkeys(variant.product_id for variant in variants)),
            **{name: value for name, value in given.items() if value is not None},
        }
    )


def _change(form: PostedForm, known: PromotionView) -> PromotionChange:
    priority = form.whole("priority")
    if priority is None:
        raise FieldOdd("priority", "Enter a whole number")
    return PromotionChange(
        title=form.text("title"),
        exclusive=form.checked("exclusive"),
        priority=priority,
        total_limit=form.whole("total_limit"),
        customer_limit=form.whole("customer_limit"),
        starts_at=_instant(form, "starts_at", known.starts_at),
        ends_at=_instant(form, "ends_at", known.ends_at),
    )


def _instant(form: PostedForm, name: str, known: datetime | None) -> datetime | None:
    """A field shows whole minutes: left as it was, it keeps the seconds too."""
    return known if form.text(name) == _local(known) else form.instant(name)


def _currency(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.currency


async def _new(
    request: Request,
    shelf: Shelf,
    kind: str,
    *,
    form: PostedForm | None = None,
    refused: Refused | None = None,
) -> Response:
    """Without a kind, the choice of one."""
    return render(
        request,
        "console/promotion_new.html",
        status=refused.status if refused else 200,
        kind=kind if kind in get_args(PromotionKind) else "",
        kinds=KINDS,
        categories=await shelf.goods.categories(),
        chosen=form.all("categories") if form else [],
        entered=form.typed() if form else {},
        currency=_currency(request),
        refused=refused,
    )


async def _saved(
    request: Request,
    shelf: Shelf,
    promotion_id: PromotionId,
    outcome: object,
    *,
    flash: str = "saved-now",
) -> Response:
    if isinstance(outcome, Refused):
        if outcome.status == NotFound.status:
            raise NotFound(outcome.detail)
        return await _page(request, shelf, promotion_id, PageRequest(), outcome)
    return redirect(request, f"/console/promotions/{promotion_id}", flash=flash)


async def _page(
    request: Request,
    shelf: Shelf,
    promotion_id: PromotionId,
    page: PageRequest,
    refused: Refused | None = None,
) -> Response:
    asked = PageRequest(limit=CODES_SHOWN, cursor=page.cursor)
    offer, codes = await asyncio.gather(
        shelf.offers.promotion(promotion_id), shelf.offers.coupons(promotion_id, asked)
    )
    return render(
        request,
        "console/promotion.html",
        status=refused.status if refused else 200,
        offer=offer,
        state=offer.state(SystemClock().now()),
        states=_STATES,
        kinds=KINDS,
        codes=codes,
        products=await shelf.goods.products_by_id(offer.product_ids),
        plain=plain,
        local=_local,
        refused=refused,
    )


def _local(at: datetime | None) -> str:
    """As a `datetime-local` field has it, in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M") if at else ""
