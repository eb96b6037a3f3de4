"""Data quality in the console: tables against what is promised of them, rows set aside."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.contracts.quality import DeadView, DrivenView, Quality, Standing, TableQuality
from bodega.kernel.errors import BodegaError, NotFound
from bodega.kernel.principal import Role
from bodega.web.access import ConsoleAdmin, ConsoleStaff
from bodega.web.console.doing import Refused
from bodega.web.formats import age
from bodega.web.forms import FieldOdd, Posted, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/quality", include_in_schema=False)

WIDTH, HEIGHT, INSET = 96, 24, 2
DEAD = 50
MAX_WHY = 200
PERSONAL = "(personal)"
LAYERS = (("gold", "Gold: what everybody reads"), ("silver", "Silver: current rows"),
          ("bronze", "Bronze: what arrived"))  # fmt: skip
PILLS = {"ok": "ok", "warn": "late", "late": "odd", "unknown": "late", "unwatched": ""}
WORDS = {"ok": "fresh", "warn": "ageing", "unknown": "never read", "unwatched": "no promise"}

Asked = Annotated[Quality, provided(Quality)]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures at the top."""

    fresh: int
    promised: int
    failing: int
    blocking: int
    dead: int


@router.get("")
async def show_quality(request: Request, who: ConsoleStaff, quality: Asked) -> Response:
    return await _page(request, quality, who.at_least(Role.ADMIN))


@router.post("/dead")
async def drive(request: Request, who: ConsoleAdmin, quality: Asked, form: Posted) -> Response:
    """Rows again, as edited; the same form twice changes nothing more."""
    try:
        done = await quality.redrive(
            ids=form.all("id"),
            edits=_edits(form),
            by=who.label,
            why=_why(form),
            drop=form.text("drop") == "yes",
        )
    except FieldOdd as error:
        return await _page(request, quality, True, refused=Refused(error.detail, error.status))
    wrong = [one for one in done if one.outcome in ("still", "refused")]
    if wrong:
        return await _page(request, quality, True, refused=_said(wrong))
    dropped = any(one.outcome == "dropped" for one in done)
    return redirect(
        request, "/console/quality#dead", flash="rows-dropped" if dropped else "rows-driven"
    )


@router.get("/{table}")
async def show_table(
    request: Request,
    who: ConsoleStaff,
    quality: Asked,
    table: str,
) -> Response:
    report, dead = await asyncio.gather(
        quality.table(name=table), quality.dead(table=table, limit=DEAD)
    )
    if report is None:
        raise NotFound(f"There is no table {table}")
    return render(
        request,
        "console/quality_table.html",
        report=report,
        dead=dead,
        pills=PILLS,
        words=WORDS,
        age=age,
        spark=spark,
        box=(WIDTH, HEIGHT),
        personal=PERSONAL,
        may_drive=who.at_least(Role.ADMIN),
    )


async def _page(
    request: Request, quality: Quality, may_drive: bool, *, refused: Refused | None = None
) -> Response:
    try:
        standing, dead = await asyncio.gather(quality.standing(), quality.dead(limit=DEAD))
    except BodegaError as error:
        if error.status < 500:
            raise
        standing, dead = None, []
    return render(
        request,
        "console/quality.html",
        status=refused.status if refused else 200,
        standing=standing,
        numbers=_numbers(standing) if standing else None,
        concerns=_concerns(standing.tables) if standing else [],
        layers=_layers(standing.tables) if standing else [],
        dead=dead,
        reasons=_by_reason(dead),
        limit=DEAD,
        pills=PILLS,
        words=WORDS,
        age=age,
        spark=spark,
        box=(WIDTH, HEIGHT),
        personal=PERSONAL,
        may_drive=may_drive,
        refused=refused,
    )


def _numbers(standing: Standing) -> Numbers:
    promised = [one for one in standing.tables if one.state != "unwatched"]
    return Numbers(
        fresh=sum(one.state == "ok" for one in promised),
        promised=len(promised),
        failing=len(standing.failing),
        blocking=sum(check.severity == "block" for check in standing.failing),
        dead=sum(one.dead for one in standing.tables),
    )


def _concerns(tables: Sequence[TableQuality]) -> list[TableQuality]:
    """Those that need a look, the worst first."""
    odd = [one for one in tables if one.state in ("late", "warn") or one.failing]
    return sorted(odd, key=lambda one: (-one.blocking, one.state != "late", one.table))


def _layers(tables: Sequence[TableQuality]) -> list[tuple[str, list[TableQuality]]]:
    found = [(title, [one for one in tables if one.layer == layer]) for layer, title in LAYERS]
    return [(title, rows) for title, rows in found if rows]


def _by_reason(dead: Sequence[DeadView]) -> list[tuple[str, str, list[DeadView]]]:
    """(table, reason, rows), the most rows first."""
    groups: dict[tuple[str, str], list[DeadView]] = {}
    for row in dead:
        groups.setdefault((row.table, row.reason), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(table, reason, rows) for (table, reason), rows in ordered]


def _edits(form: PostedForm) -> dict[str, str | None]:
    """Fields whose value was changed in the form."""
    return {
        rest: form.text(f"f:{rest}") or None
        for rest in form.all("field")
        if form.text(f"f:{rest}") != form.text(f"was:{rest}")
    }


def _why(form: PostedForm) -> str:
    why = form.text("why")
    if not why or len(why) > MAX_WHY:
        raise FieldOdd("why", f"Say why in at most {MAX_WHY} letters")
    return why


def _said(wrong: Sequence[DrivenView]) -> Refused:
    first = wrong[0]
    more = f" {len(wrong) - 1} more rows are not fit either." if len(wrong) > 1 else ""
    return Refused(f"{first.id} was not driven: {first.detail or 'it is not fit yet'}.{more}")


def spark(values: Sequence[int]) -> str:
    """Points of a line that fits the box, the newest at its right."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = (WIDTH - 2 * INSET) / (len(values) - 1)
    height = HEIGHT - 2 * INSET
    return " ".join(
        f"{INSET + n * step:.1f},"
        f"{HEIGHT - INSET - (height * (v - low) / (high - low) if high > low else height / 2):.1f}"
        for n, v in enumerate(values)
    )
