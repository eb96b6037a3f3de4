"""The import from end to end: survey, then customers, products, orders, returns, stock."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bodega.contracts.catalog import Catalog, ImportedProduct
from bodega.contracts.identity import Identity
from bodega.contracts.inventory import Inventory
from bodega.contracts.orders import ImportedOrder, Orders
from bodega.data.ingest.online_retail.assemble import (
    NAMESPACE,
    SOURCE,
    Assembler,
    products,
    users,
)
from bodega.data.ingest.online_retail.errors import BrokenFile, SkuTaken
from bodega.data.ingest.online_retail.parse import read_rows
from bodega.data.ingest.online_retail.report import (
    ImportReport,
    NewRows,
    make_report,
    rejects_file,
)
from bodega.data.ingest.online_retail.survey import Survey, survey
from bodega.kernel.clock import Clock
from bodega.kernel.ids import ImportBatchId, derived_id

BATCH_LINES = 20_000
T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Told the stage, how far it is, and how far it goes (bytes of the file, twice)."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Who takes the rows."""

    identity: Identity
    catalog: Catalog
    orders: Orders
    inventory: Inventory


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress for nobody."""


async def import_online_retail(
    path: Path,
    targets: Targets,
    *,
    report_dir: Path,
    clock: Clock,
    progress: Progress = silent,
) -> ImportReport:
    """Load the file; the same file again adds nothing. The report and the rejected lines are in
    `report_dir`/<import batch id>/. Raises FileRefused before anything is loaded, SkuTaken."""
    started = time.perf_counter()
    size = _size(path)
    batch_id = ImportBatchId(derived_id(NAMESPACE, f"file:{_digest(path)}"))
    folder = report_dir / str(batch_id)
    rejects = folder / "rejects.csv"
    now = clock.now()
    with rejects_file(rejects) as rejected:
        rows = read_rows(path, now=now, progress=lambda at: progress("Reading", at, size))
        found = survey(rows, reject=rejected.add)
    assembler = Assembler(found)
    loading = _Loading(targets, batch_id)
    await loading.people_and_products(found)
    again = read_rows(path, now=now, progress=lambda at: progress("Loading", at, size))
    await loading.orders(assembler.orders(again, lines=BATCH_LINES))
    await loading.returns_and_stock(assembler)
    report = make_report(
        path=path,
        import_batch_id=batch_id,
        found=found,
        assembler=assembler,
        new=loading.new,
        seconds=time.perf_counter() - started,
        rejects=rejects,
    )
    (folder / "report.json").write_text(report.model_dump_json(indent=2) + "\n")
    return report


class _Loading:
    """The calls on the contracts, and how many rows were new."""

    def __init__(self, targets: Targets, batch_id: ImportBatchId) -> None:
        self.new = NewRows()
        self._targets = targets
        self._batch = batch_id

    async def people_and_products(self, found: Survey) -> None:
        for people in _slices(users(found)):
            self.new.customers += await self._targets.identity.bulk_load(
                people, source=SOURCE, import_batch_id=self._batch
            )
        for goods in _slices(products(found)):
            self.new.products += await self._targets.catalog.bulk_load(
                goods, source=SOURCE, import_batch_id=self._batch
            )
            await self._demand_ours(goods)

    async def _demand_ours(self, goods: Sequence[ImportedProduct]) -> None:
        """A SKU that another product owns is skipped by the load: say so before orders refer."""
        known = await self._targets.catalog.sellable([item.variant_id for item in goods])
        foreign = [item.sku for item in goods if item.variant_id not in known]
        if foreign:
            raise SkuTaken(
                f"Other products of this shop have SKUs of the file ({', '.join(foreign[:5])}):"
                " rename those, then import again"
            )

    async def orders(self, batches: Iterator[list[ImportedOrder]]) -> None:
        """The next batch is assembled in a thread while the database works on the last one."""
        underway: asyncio.Task[int] | None = None
        async with asyncio.TaskGroup() as group:
            while batch := await asyncio.to_thread(next, batches, None):
                if underway:
                    self.new.orders_and_returns += await underway
                underway = group.create_task(self._load(batch))
        if underway:
            self.new.orders_and_returns += underway.result()

    async def _load(self, batch: Sequence[ImportedOrder]) -> int:
        return await self._targets.orders.bulk_load(
            batch, [], source=SOURCE, import_batch_id=self._batch
        )

    async def returns_and_stock(self, assembler: Assembler) -> None:
        for returns in _slices(assembler.returns()):
            self.new.orders_and_returns += await self._targets.orders.bulk_load(
                [], returns, source=SOURCE, import_batch_id=self._batch
            )
        for stock in _slices(assembler.opening_stock()):
            self.new.stock_levels += await self._targets.inventory.bulk_load(
                stock, source=SOURCE, import_batch_id=self._batch
            )


def _slices(items: Sequence[T], size: int = 5000) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise BrokenFile(f"{path} cannot be read: {error.strerror}") from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BrokenFile(f"{path} cannot be read: {error.strerror}") from error
