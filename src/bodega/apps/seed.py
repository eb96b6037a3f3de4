"""Filling an empty shop with made-up goods and history."""

from collections.abc import Callable

from bodega.apps.compose import Shop, compose
from bodega.backbone.settings import Settings
from bodega.contracts.catalog import Catalog
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.data.ingest.seed.load import Seeded, Targets, is_seeded, load_seed
from bodega.data.ingest.seed.plan import SeedPlan
from bodega.kernel.clock import Clock, SystemClock

Progress = Callable[[str, int, int], None]


def plan_of(
    settings: Settings,
    *,
    orders: int | None = None,
    days: int = 180,
    products: int = 200,
    seed: int = 7,
    clock: Clock | None = None,
) -> SeedPlan:
    """A history up to now in the channel's currency, BODEGA_SEED_ORDERS long unless told."""
    return SeedPlan(
        until=(clock or SystemClock()).now(),
        orders=settings.seed_orders if orders is None else orders,
        days=days,
        products=products,
        seed=seed,
        currency=settings.currency,
        country=settings.country,
        locale=settings.locale,
    )


async def seed_if_empty(settings: Settings, progress: Progress) -> Seeded | None:
    """Seed a shop that has no goods, or finish a seeding cut short; None when there are goods."""
    plan = plan_of(settings)
    shop = compose(settings)
    try:
        targets = _targets(shop)
        if await is_seeded(targets, plan):
            return None
        return await load_seed(plan, targets, progress=progress)
    finally:
        await shop.close()


async def seed(settings: Settings, plan: SeedPlan, progress: Progress) -> Seeded:
    """Carry the plan out, whatever else the shop has."""
    shop = compose(settings)
    try:
        return await load_seed(plan, _targets(shop), progress=progress)
    finally:
        await shop.close()


def _targets(shop: Shop) -> Targets:
    answers = shop.context.container
    return Targets(
        identity=answers.get(Identity),
        catalog=answers.get(Catalog),
        orders=answers.get(Orders),
        inventory=answers.get(Inventory),
    )
