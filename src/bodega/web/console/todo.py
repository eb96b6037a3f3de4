"""What waits for somebody on the staff, counted for the first page of the console."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from bodega.backbone.container import Container
from bodega.backbone.http.deps import container
from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.aftersales import AfterSales, ReturnStatus
from bodega.contracts.books import Books
from bodega.contracts.checkout import Checkouts
from bodega.contracts.warehouse import Warehouse
from bodega.kernel.errors import BodegaError
from bodega.kernel.page import PageRequest

log = get_logger(__name__)
MOST = 20
_PAGE = PageRequest(limit=MOST + 1)


@dataclass(frozen=True, slots=True)
class Todo:
    """`count` of something in a room; above twenty it is not counted on."""

    count: int
    one: str
    many: str
    address: str

    @property
    def words(self) -> str:
        if self.count == 1:
            return f"1 {self.one}"
        return f"{f'{MOST}+' if self.count > MOST else self.count} {self.many}"


TodoReader = Callable[[], Awaitable[Sequence[Todo]]]
Counting = Awaitable[Sequence[object]]


def todo_reader(answers: Annotated[Container, Depends(container)]) -> TodoReader:
    async def read() -> Sequence[Todo]:
        asked: list[tuple[Counting, str, str, str]] = [
            (_held(answers), "purchase held", "purchases held", "/console/review"),
            (_returns(answers, "requested"), "return to decide", "returns to decide",
             "/console/returns?status=requested"),
            (_returns(answers, "received"), "return to inspect", "returns to inspect",
             "/console/returns?status=received"),
            (_conflicts(answers), "payment conflict", "payment conflicts", "/console/payments"),
            (_disputes(answers), "dispute to answer", "disputes to answer", "/console/payments"),
            (_low(answers), "variant runs low", "variants run low", "/console/stock"),
        ]  # fmt: skip
        counts = await asyncio.gather(*(_count(found) for found, *_ in asked))
        return [
            Todo(count, one, many, address)
            for count, (_, one, many, address) in zip(counts, asked, strict=True)
            if count
        ]

    return read


async def _count(found: Counting) -> int:
    """Zero while nobody answers: the rest of the page is worth more."""
    try:
        return len(await found)
    except BodegaError as error:
        log.warning("console_part_missing", code=error.code)
        return 0


async def _held(answers: Container) -> Sequence[object]:
    return (await answers.get(Checkouts).held(_PAGE)).items


async def _returns(answers: Container, status: ReturnStatus) -> Sequence[object]:
    return (await answers.get(AfterSales).returns(_PAGE, status=status)).items


async def _conflicts(answers: Container) -> Sequence[object]:
    return (await answers.get(Books).conflicts(_PAGE, resolved=False)).items


async def _disputes(answers: Container) -> Sequence[object]:
    found = (await answers.get(Books).disputes(_PAGE)).items
    return [one for one in found if one.status == "needs_response" and not one.evidence_sent_at]


async def _low(answers: Container) -> Sequence[object]:
    return await answers.get(Warehouse).low(limit=_PAGE.limit)
