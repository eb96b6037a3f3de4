"""The made-up shop into the operational store; stock comes last and says all is there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from bodega.contracts.catalog import Catalog
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import Orders
from bodega.data.ingest.seed.history import History
from bodega.data.ingest.seed.people import NAMESPACE
from bodega.data.ingest.seed.plan import SeedPlan
from bodega.kernel.ids import ImportBatchId, derived_id
from bodega.kernel.page import PageRequest

SOURCE = "seed"
T = TypeVar("T")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Seeded:
    """New rows; all zero when the same plan was carried out before."""

    products: int
    customers: int
    orders_and_returns: int

    def __str__(self) -> str:
        return (
            f"{self.products:,} products, {self.customers:,} customers,"
            f" {self.orders_and_returns:,} orders and returns"
        )


@dataclass(frozen=True)
class Targets:
    """Who takes the rows."""

    identity: Identity
    catalog: Catalog
    orders: Orders
    inventory: Inventory


async def is_seeded(targets: Targets, plan: SeedPlan) -> bool:
    """Whether the shop has goods: any but ours, or ours with their stock."""
    page = await targets.catalog.products(PageRequest(limit=1))
    if not page.items:
        return False
    first = History(plan).products()[0].variant_id
    if first not in await targets.catalog.sellable([first]):
        return True
    return (await targets.inventory.available([first])).get(first, 0) > 0


async def load_seed(plan: SeedPlan, targets: Targets, *, progress: Progress) -> Seeded:
    """Carry out the plan in batches; memory does not grow with the number of orders."""
    history = History(plan)
    batch_id = ImportBatchId(derived_id(NAMESPACE, f"batch/{plan.seed}/{plan.orders}"))
    products = await targets.catalog.bulk_load(
        history.products(), source=SOURCE, import_batch_id=batch_id
    )
    customers = 0
    for done, people in enumerate(_slices(history.people.users(), 2000)):
        progress("customers", done * 2000, plan.customers)
        customers += await targets.identity.bulk_load(
            people, source=SOURCE, import_batch_id=batch_id
        )
    new, sold = 0, 0
    for orders, returns in history.batches():
        new += await targets.orders.bulk_load(
            orders, returns, source=SOURCE, import_batch_id=batch_id
        )
        sold += len(orders)
        progress("orders", sold, plan.orders)
    await targets.inventory.bulk_load(history.stock(), source=SOURCE, import_batch_id=batch_id)
    return Seeded(products, customers, new)


def _slices(items: Iterator[T], size: int) -> Iterator[Sequence[T]]:
    while batch := list(islice(items, size)):
        yield batch
