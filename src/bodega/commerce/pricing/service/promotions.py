"""Promotions and their coupons, as staff make them."""

import secrets

from bodega.backbone.db import UnitOfWork
from bodega.backbone.desk import Desk
from bodega.commerce.pricing.domain.conditions import check_needs, check_window
from bodega.commerce.pricing.errors import (
    CouponNotFound,
    CouponTaken,
    PromotionAutomatic,
    PromotionMalformed,
    PromotionNotFound,
)
from bodega.commerce.pricing.repository import promotions as repository
from bodega.contracts.promotions import (
    CouponView,
    NewCoupons,
    NewPromotion,
    PromotionChange,
    PromotionView,
)
from bodega.kernel.commands import Command
from bodega.kernel.errors import Invalid
from bodega.kernel.ids import PromotionId, new_id
from bodega.kernel.page import NOT_OURS, Page, PageRequest, encode_cursor

# Letters and digits that nobody mistakes for one another on paper.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_RANDOM_LENGTH = 10


async def create_promotion(
    uow: UnitOfWork, *, new: NewPromotion, shop_currency: str
) -> PromotionView:
    """Raises PromotionMalformed."""
    values = new.model_dump() | {"id": new_id(), "currency": new.currency or shop_currency}
    if new.kind == "buy_x_get_y" and new.percent is None:
        values["percent"] = 100
    check_needs(new.kind, {name for name, value in values.items() if value is not None})
    check_window(new.starts_at, new.ends_at)
    return await repository.insert_promotion(uow.connection, values)


async def change_promotion(
    uow: UnitOfWork, *, promotion_id: PromotionId, change: PromotionChange
) -> PromotionView:
    """Raises PromotionNotFound, PromotionMalformed."""
    before = await repository.find_promotion(uow.connection, promotion_id, lock=True)
    if before is None:
        raise PromotionNotFound
    changes = change.model_dump(exclude_unset=True)
    after = before.model_copy(update=changes)
    check_window(after.starts_at, after.ends_at)
    return await repository.change_promotion(uow.connection, promotion_id, changes)


async def show_promotion(uow: UnitOfWork, *, promotion_id: PromotionId) -> PromotionView:
    """Raises PromotionNotFound."""
    found = await repository.find_promotion(uow.connection, promotion_id)
    if found is None:
        raise PromotionNotFound
    return found


async def list_promotions(uow: UnitOfWork, *, page: PageRequest) -> Page[PromotionView]:
    found = await repository.list_promotions(
        uow.connection, limit=page.limit + 1, after=page.after_instant()
    )
    shown = found[: page.limit]
    more = len(found) > page.limit
    cursor = encode_cursor(shown[-1][1].isoformat(), shown[-1][0].id) if more else None
    return Page(items=[item for item, _ in shown], next_cursor=cursor)


async def create_coupons(
    uow: UnitOfWork, *, promotion_id: PromotionId, new: NewCoupons
) -> list[CouponView]:
    """Raises PromotionNotFound, PromotionAutomatic, PromotionMalformed, CouponTaken."""
    promotion = await show_promotion(uow, promotion_id=promotion_id)
    if promotion.automatic:
        raise PromotionAutomatic
    codes = list(dict.fromkeys([*new.codes, *(_drawn(new.prefix) for _ in range(new.count))]))
    if not codes:
        raise PromotionMalformed("Name codes, or say how many to draw")
    rows = [
        {"code": code, "promotion_id": promotion_id, "total_limit": new.total_limit}
        for code in codes
    ]
    made = await repository.insert_coupons(uow.connection, rows)
    if len(made) < len(codes):
        taken = sorted(set(codes) - {coupon.code for coupon in made})
        raise CouponTaken(f"There are coupons called {', '.join(taken[:5])} already")
    return made


def _drawn(prefix: str) -> str:
    """50 bits: nobody guesses one."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))


async def list_coupons(
    uow: UnitOfWork, *, promotion_id: PromotionId, page: PageRequest
) -> Page[CouponView]:
    """By code. Raises PromotionNotFound."""
    await show_promotion(uow, promotion_id=promotion_id)
    found = await repository.list_coupons(
        uow.connection, promotion_id, limit=page.limit + 1, after=_last_code(page)
    )
    shown = found[: page.limit]
    cursor = encode_cursor(shown[-1].code) if len(found) > page.limit else None
    return Page(items=shown, next_cursor=cursor)


def _last_code(page: PageRequest) -> str:
    key = page.after()
    if key is None:
        return ""
    if len(key) != 1:
        raise Invalid(NOT_OURS)
    return key[0]


async def change_coupon(uow: UnitOfWork, *, code: str, active: bool) -> CouponView:
    """Raises CouponNotFound."""
    changed = await repository.change_coupon(uow.connection, code.upper(), active=active)
    if changed is None:
        raise CouponNotFound(f"There is no coupon {code!r}")
    return changed


class PromotionsService(Desk):
    """Answers `bodega.contracts.promotions.Promotions`."""

    async def promotions(self, page: PageRequest) -> Page[PromotionView]:
        return await self._read(lambda uow: list_promotions(uow, page=page))

    async def promotion(self, promotion_id: PromotionId) -> PromotionView:
        return await self._read(lambda uow: show_promotion(uow, promotion_id=promotion_id))

    async def create(self, command: Command, new: NewPromotion) -> PromotionView:
        return await self._once(
            command,
            "pricing.create_promotion",
            PromotionView,
            lambda uow: create_promotion(uow, new=new, shop_currency=self._settings.currency),
        )

    async def change(
        self, command: Command, promotion_id: PromotionId, change: PromotionChange
    ) -> PromotionView:
        return await self._once(
            command,
            "pricing.change_promotion",
            PromotionView,
            lambda uow: change_promotion(uow, promotion_id=promotion_id, change=change),
        )

    async def coupons(self, promotion_id: PromotionId, page: PageRequest) -> Page[CouponView]:
        return await self._read(lambda uow: list_coupons(uow, promotion_id=promotion_id, page=page))

    async def add_coupons(
        self, command: Command, promotion_id: PromotionId, new: NewCoupons
    ) -> list[CouponView]:
        return await self._once(
            command,
            "pricing.create_coupons",
            list[CouponView],
            lambda uow: create_coupons(uow, promotion_id=promotion_id, new=new),
        )

    async def change_coupon(self, command: Command, code: str, *, active: bool) -> CouponView:
        return await self._once(
            command,
            "pricing.change_coupon",
            CouponView,
            lambda uow: change_coupon(uow, code=code, active=active),
        )
