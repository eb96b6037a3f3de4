"""What sources of known kinds bring to the standard mappings by themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from bodega.data.ingest.sources.known.ecb import FxConfig
from bodega.data.ingest.sources.known.fmp import FmpConfig
from bodega.data.ingest.sources.known.weather import WeatherConfig
from bodega.data.ingest.sources.mapping import KNOWN_AT, MappingConfig, Origin
from bodega.data.ingest.sources.standard import BALANCE, CASH_FLOW, INCOME, OHLC, STANDARD

_PRICES = dict(zip(OHLC, OHLC, strict=True))
_SPELT = {
    "income_tax": "income_tax_expense",
    "shares_diluted": "weighted_average_shs_out_dil",
    "current_assets": "total_current_assets",
    "assets": "total_assets",
    "current_liabilities": "total_current_liabilities",
    "liabilities": "total_liabilities",
    "equity": "total_stockholders_equity",
    "debt": "total_debt",
    "cash": "cash_and_cash_equivalents",
    "dividends_paid": "net_dividends_paid",
}
_STATEMENTS = {
    "income_statement": (INCOME, "income_known_at"),
    "balance_sheet_statement": (BALANCE, "balance_known_at"),
    "cash_flow_statement": (CASH_FLOW, "cash_known_at"),
}


def filled(given: Any) -> Any:
    """Declared mappings, with what a standard one leaves out."""
    if not isinstance(given, Mapping):
        return given
    return {name: _filled(name, said) for name, said in given.items()}


def _filled(name: str, said: Any) -> Any:
    if name not in STANDARD or not isinstance(said, Mapping):
        return said
    if {"key", "columns"} & set(said):
        raise ValueError(f"{name} is a standard mapping: its key and columns are given, see docs")
    return {**said, **STANDARD[name]}


def standard_mappings(
    sources: Mapping[str, object], declared: Mapping[str, MappingConfig]
) -> dict[str, MappingConfig]:
    """`declared`, and what sources of known kinds bring: they come after what is declared."""
    found = dict(declared)
    for source, config in sources.items():
        for name, origin in _brings(source, config):
            if name in found and any(o.stream == origin.stream for o in found[name].origins):
                continue
            before = [o.model_dump() for o in found[name].origins] if name in found else []
            found[name] = MappingConfig.model_validate(
                {**STANDARD[name], "from": [*before, origin.model_dump()]}
            )
    return found


def _brings(source: str, config: object) -> Iterator[tuple[str, Origin]]:
    if isinstance(config, FmpConfig):
        for stream in config.streams:
            yield from _of_fmp(f"{source}.{stream}", stream)
    elif isinstance(config, WeatherConfig):
        for known in ("history", "forecast"):
            if known in config.streams:
                yield "weather_days", _weather(f"{source}.{known}", forecast=known == "forecast")
    elif isinstance(config, FxConfig):
        fields = {"base": "base", "quote": "currency", "date": "date", "rate": "rate"}
        yield "market_reference_rates", _origin(f"{source}.rates", fields)


def _origin(stream: str, fields: Mapping[str, str], known: str = "known_at") -> Origin:
    return Origin(stream=stream, fields={**fields, known: KNOWN_AT}, optional=True)


def _of_fmp(name: str, stream: str) -> Iterator[tuple[str, Origin]]:
    if stream == "profile":
        columns = STANDARD["market_companies"]["columns"]
        said = {
            **{c: c for c in columns if c != "known_at"},
            "name": "company_name", "employees": "full_time_employees", "listed_on": "ipo_date",
            "is_fund": "is_etf", "is_active": "is_actively_trading",
        }  # fmt: skip
        yield "market_companies", _origin(name, said)
    elif stream == "prices":
        yield "market_prices", _origin(name, {"symbol": "symbol", "date": "date", **_PRICES})
    elif stream == "fx":
        yield "market_fx", _origin(name, {"pair": "symbol", "date": "date", "rate": "close"})
    elif stream in _STATEMENTS:
        items, known = _STATEMENTS[stream]
        head = {"symbol": "symbol", "period_end": "date", "period": "period"}
        head |= {"fiscal_year": "fiscal_year", "currency": "reported_currency"}
        yield (
            "market_statements",
            _origin(name, head | {item: _SPELT.get(item, item) for item in items}, known),
        )


def _weather(stream: str, *, forecast: bool) -> Origin:
    columns = STANDARD["weather_days"]["columns"]
    fields = {name: name for name in columns if name not in ("is_forecast", "known_at")}
    return Origin(
        stream=stream,
        fields={**fields, "known_at": KNOWN_AT},
        values={"is_forecast": str(forecast).lower()},
        optional=True,
    )
