"""Mappings every lake has: market and weather data as the transforms know them, whatever brings it.

A mapping of the same name in sources.yml names other streams (a file of weather, another provider),
believed before those of known kinds; it needs neither `key` nor `columns`, which are these.
"""

from collections.abc import Mapping
from typing import Any

PRICE = "decimal(38,12)"
WHOLE = "decimal(38,4)"
OHLC = ("open", "high", "low", "close", "adj_close", "volume")
INCOME = (
    "revenue", "cost_of_revenue", "gross_profit", "operating_income", "income_before_tax",
    "income_tax", "net_income", "eps", "eps_diluted", "shares_diluted",
)  # fmt: skip
BALANCE = (
    "current_assets", "assets", "current_liabilities", "liabilities", "equity", "debt", "cash",
    "inventory",
)  # fmt: skip
CASH_FLOW = ("operating_cash_flow", "capital_expenditure", "free_cash_flow", "dividends_paid")
_PER_SHARE = ("eps", "eps_diluted")
_KNOWN = ("income_known_at", "balance_known_at", "cash_known_at")

STANDARD: Mapping[str, Mapping[str, Any]] = {
    "market_companies": {
        "key": ["symbol"],
        "columns": {
            "symbol": "string", "name": "string", "exchange": "string", "currency": "string",
            "country": "string", "sector": "string", "industry": "string", "employees": "integer",
            "listed_on": "date", "is_fund": "boolean", "is_active": "boolean", "beta": WHOLE,
            "market_cap": WHOLE, "known_at": "timestamp",
        },
    },
    "market_prices": {
        "key": ["symbol", "date"],
        "columns": {
            "symbol": "string", "date": "date", **dict.fromkeys(OHLC, PRICE),
            "known_at": "timestamp",
        },
    },
    "market_fx": {
        "key": ["pair", "date"],
        "columns": {"pair": "string", "date": "date", "rate": PRICE, "known_at": "timestamp"},
    },
    "market_reference_rates": {
        "key": ["base", "quote", "date"],
        "columns": {
            "base": "string", "quote": "string", "date": "date", "rate": PRICE,
            "known_at": "timestamp",
        },
    },
    "market_statements": {
        "key": ["symbol", "period_end", "period"],
        "columns": {
            "symbol": "string", "period_end": "date", "period": "string", "fiscal_year": "string",
            "currency": "string",
            **{n: PRICE if n in _PER_SHARE else WHOLE for n in (*INCOME, *BALANCE, *CASH_FLOW)},
            **dict.fromkeys(_KNOWN, "timestamp"),
        },
    },
    "weather_days": {
        "key": ["place", "date"],
        "columns": {
            "place": "string", "date": "date", "country": "string",
            **dict.fromkeys(
                ("temperature_max", "temperature_min", "precipitation", "wind_max"), "number"
            ),
            "weather_code": "integer", "is_forecast": "boolean", "known_at": "timestamp",
        },
    },
}  # fmt: skip
