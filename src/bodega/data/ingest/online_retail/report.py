"""What an import did, in numbers that add up, and the lines it set aside."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel

from bodega.data.ingest.online_retail.assemble import Assembler
from bodega.data.ingest.online_retail.parse import Reject
from bodega.data.ingest.online_retail.rules import Category
from bodega.data.ingest.online_retail.survey import Survey
from bodega.kernel.money import Money


class NewRows(BaseModel):
    """Rows the shop did not know; all zero when the same file comes again."""

    customers: int = 0
    products: int = 0
    orders_and_returns: int = 0
    stock_levels: int = 0


class Notes(BaseModel):
    """Counts that cut across the categories."""

    duplicate_rows: int
    guest_lines: int
    guest_orders: int
    sub_cent_rows: int
    orders: int
    returns: int
    returns_linked: int
    products: int
    customers: int


class ImportReport(BaseModel):
    """`rows` = the sum of `categories` + the sum of `rejected`. `file_total` is the exact
    Σ quantity × price of the rows kept, `loaded_total` that of the lines they became."""

    file: str
    import_batch_id: UUID
    rows: int
    categories: dict[Category, int]
    rejected: dict[str, int]
    notes: Notes
    file_total: Decimal
    loaded_total: Money
    new: NewRows
    seconds: float
    rejects_file: str | None = None

    @property
    def adds_up(self) -> bool:
        counted = sum(self.categories.values()) + sum(self.rejected.values())
        apart = abs(self.file_total - self.loaded_total.decimal)
        return counted == self.rows and apart <= Decimal("0.005")


def make_report(
    *,
    path: Path,
    import_batch_id: UUID,
    found: Survey,
    assembler: Assembler,
    new: NewRows,
    seconds: float,
    rejects: Path,
) -> ImportReport:
    """Raises AssertionError when rows or pence got lost: that is ours to mend, not the file's."""
    tally = assembler.tally
    report = ImportReport(
        file=path.name,
        import_batch_id=import_batch_id,
        rows=found.rows,
        categories={kept: tally.categories[kept] for kept in Category},
        rejected=dict(found.rejected),
        notes=Notes(
            duplicate_rows=tally.duplicates,
            guest_lines=tally.guest_lines,
            guest_orders=tally.guest_orders,
            sub_cent_rows=assembler.rounding.rows,
            orders=tally.orders,
            returns=tally.returns,
            returns_linked=tally.returns_linked,
            products=len(found.products),
            customers=len(found.customers),
        ),
        file_total=assembler.rounding.exact,
        loaded_total=Money(amount=tally.pence, currency="GBP"),
        new=new,
        seconds=round(seconds, 2),
        rejects_file=str(rejects) if found.rejected else None,
    )
    assert report.adds_up, f"the import lost rows or money: {report}"
    return report


class RejectsFile:
    """A CSV of line number, reason and text; written as lines come, so any number fits."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(("line", "reason", "text"))

    def add(self, reject: Reject) -> None:
        self._writer.writerow((reject.line, reject.reason, reject.text.rstrip("\r\n")))

    def close(self) -> None:
        self._file.close()


@contextmanager
def rejects_file(path: Path) -> Iterator[RejectsFile]:
    file = RejectsFile(path)
    try:
        yield file
    finally:
        file.close()
