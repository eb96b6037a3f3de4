"""Taxes in the console: every country, its rates, and the shop's own word before the table's."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from bodega.backbone.http.deps import provided
from bodega.backbone.settings import Settings
from bodega.contracts.taxes import CountryTaxes, NewTaxRate, TaxCountryChange, TaxTable
from bodega.web.access import ConsoleStaff
from bodega.web.console.doing import Refused, Sent, attempt
from bodega.web.formats import country_name
from bodega.web.forms import FieldOdd, PostedForm
from bodega.web.pages import redirect, render

router = APIRouter(prefix="/console/taxes", include_in_schema=False)

Table = Annotated[TaxTable, provided(TaxTable)]
Country = Annotated[str, Path(pattern="^[A-Z]{2}$")]
PER_CENT = 100


@router.get("")
async def list_countries(
    request: Request,
    who: ConsoleStaff,
    table: Table,
    country: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    locale = _locale(request)
    named = [(country_name(one.country, locale), one) for one in await table.countries()]
    wanted = country.strip().lower()
    shown = sorted(
        (
            (name, one)
            for name, one in named
            if wanted in name.lower() or wanted == one.country.lower()
        ),
        key=lambda item: item[0],
    )
    return render(
        request,
        "console/taxes.html",
        collected=[item for item in shown if item[1].collected],
        others=[item for item in shown if not item[1].collected],
        wanted=country,
    )


@router.get("/{country}")
async def show_country(
    request: Request, who: ConsoleStaff, table: Table, country: Country
) -> Response:
    return await _page(request, table, country)


@router.post("/{country}")
async def change_country(request: Request, sent: Sent, table: Table, country: Country) -> Response:
    change = TaxCountryChange(
        prices_include_tax=sent.form.text("prices") != "exclusive",
        collected=sent.form.checked("collected"),
    )

    async def save() -> CountryTaxes:
        return await table.change_country(sent.command("country"), country, change)

    return await _saved(request, table, country, await attempt(save))


@router.post("/{country}/rates")
async def put_rate(request: Request, sent: Sent, table: Table, country: Country) -> Response:
    async def save() -> CountryTaxes:
        return await table.put_rate(sent.command("rate"), country, _rate(sent.form))

    return await _saved(request, table, country, await attempt(save), sent.form.typed())


@router.post("/{country}/rates/{rate_id}/removal")
async def drop_rate(
    request: Request, sent: Sent, table: Table, country: Country, rate_id: UUID
) -> Response:
    async def drop() -> None:
        await table.drop_rate(sent.command(f"drop {rate_id}"), country, rate_id)

    return await _saved(request, table, country, await attempt(drop))


def _rate(form: PostedForm) -> NewTaxRate:
    percent = form.decimal("rate")
    if percent is None or not 0 <= percent < PER_CENT:
        raise FieldOdd("rate", "Enter a percentage from 0 to less than 100")
    return NewTaxRate(
        tax_class=form.text("tax_class") or "standard",
        region=form.text("region").upper(),
        rate=percent / PER_CENT,
        valid_from=form.day("valid_from"),
        source=form.text("source"),
    )


def _locale(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return settings.locale


async def _saved(
    request: Request,
    table: TaxTable,
    country: str,
    outcome: object,
    entered: Mapping[str, str] | None = None,
) -> Response:
    if isinstance(outcome, Refused):
        return await _page(request, table, country, entered, outcome)
    return redirect(request, f"/console/taxes/{country}", flash="saved-now")


async def _page(
    request: Request,
    table: TaxTable,
    country: str,
    entered: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    return render(
        request,
        "console/tax_country.html",
        status=refused.status if refused else 200,
        name=country_name(country, _locale(request)),
        taxes=await table.country(country),
        entered=entered or {},
        refused=refused,
    )
