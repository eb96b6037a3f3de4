"""Exchange rates in the console, each with its day and source."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import PageQuery, provided
from bodega.backbone.settings import Settings
from bodega.contracts.pricing import Rate, Rates
from bodega.kernel.clock import SystemClock
from bodega.kernel.errors import Invalid
from bodega.kernel.money import CURRENCIES, exponent
from bodega.kernel.page import PageRequest
from bodega.web.access import ConsoleStaff
from bodega.web.console.doing import Refused, Sent, attempt
from bodega.web.forms import FieldOdd, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/rates", include_in_schema=False)

Table = Annotated[Rates, provided(Rates)]
FINEST = 12
MOST = 10**12


@router.get("")
async def list_rates(
    request: Request,
    who: ConsoleStaff,
    table: Table,
    page: PageQuery,
    base: Annotated[str, Query(pattern="^([A-Z]{3})?$")] = "",
) -> Response:
    return await _page(request, table, page, base)


@router.post("")
async def put_rate(request: Request, sent: Sent, table: Table) -> Response:
    """A later word on the same day replaces the first."""

    async def save() -> int:
        return await table.put(sent.command("rate"), [_rate(sent.form)])

    saved = await attempt(save)
    if isinstance(saved, Refused):
        return await _page(
            request, table, PageRequest(), "", entered=sent.form.typed(), refused=saved
        )
    return redirect(request, "/console/rates", flash="saved-now")


def _rate(form: PostedForm) -> Rate:
    base, quote, rate = form.text("base"), form.text("quote"), form.decimal("rate")
    for field, code in (("base", base), ("quote", quote)):
        try:
            exponent(code)
        except Invalid as error:
            raise FieldOdd(field, "Choose a currency") from error
    if base == quote:
        raise FieldOdd("quote", "Choose another currency than the first")
    if rate is None or not 0 < rate < MOST or rate != round(rate, FINEST):
        raise FieldOdd("rate", "Enter a rate above 0, such as 1.1742")
    source = form.text("source")[:200]
    if not source:
        raise FieldOdd("source", "Say where the rate comes from")
    day = form.day("day") or SystemClock().now().date()
    return Rate(base=base, quote=quote, rate=rate, day=day, source=source)


async def _page(
    request: Request,
    table: Rates,
    page: PageRequest,
    base: str,
    *,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    settings: Settings = request.app.state.settings
    return render(
        request,
        "console/rates.html",
        status=refused.status if refused else 200,
        found=await table.known(page, base=base or None),
        base=base,
        asked=urlencode({"base": base}) if base else "",
        currencies=CURRENCIES,
        home=settings.currency,
        today=SystemClock().now().date().isoformat(),
        entered=entered or {},
        refused=refused,
    )
