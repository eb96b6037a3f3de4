"""Financial Modeling Prep: profiles, statements, prices and exchange rates, by symbol.

Two payload shapes are read into the same columns. `stable` (https://financialmodelingprep.com/stable)
answers with a list and takes the symbol as a parameter. `v3` (…/api/v3) takes it in the path, wraps
prices as `{"symbol", "historical": […]}`, and spells some fields otherwise.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator

from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.http import Manners
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.standard import PRICE
from bodega.data.ingest.sources.streams import Remote, Secret

STATEMENTS = ("income_statement", "balance_sheet_statement", "cash_flow_statement")
MEASURES = ("ratios", "financial_growth")
StreamName = Literal[
    "profile", "income_statement", "balance_sheet_statement", "cash_flow_statement",
    "ratios", "financial_growth", "prices", "fx",
]  # fmt: skip
ALIASES = {
    "mkt_cap": "market_cap",
    "last_div": "last_dividend",
    "changes": "change",
    "vol_avg": "average_volume",
    "calendar_year": "fiscal_year",
    "filling_date": "filing_date",
    "epsdiluted": "eps_diluted",
    "exchange_short_name": "exchange",
}


class FmpConfig(Remote):
    """`symbols` are companies, `pairs` currencies as `EURUSD`. The key comes from BODEGA_FMP_KEY
    unless `key` names another variable."""

    kind: Literal["fmp"]
    symbols: tuple[str, ...] = Field((), max_length=5000)
    pairs: tuple[str, ...] = ()
    streams: tuple[StreamName, ...] = ("profile", "income_statement", "prices")
    period: Literal["annual", "quarter"] = "annual"
    since: str = Field("2015-01-01", pattern=r"^\d{4}-\d{2}-\d{2}$")
    shape: Literal["stable", "v3"] = "stable"
    key: Secret | None = None
    manners: Manners = Manners(requests=5, seconds=1)

    @model_validator(mode="after")
    def _has_something_to_ask(self) -> "FmpConfig":
        if "fx" in self.streams and not self.pairs:
            raise ValueError("the stream `fx` needs `pairs`, as [EURUSD]")
        if set(self.streams) - {"fx"} and not self.symbols:
            raise ValueError("`symbols` are needed, as [AAPL, MSFT]")
        return self

    def rest(self, *, url: str, key: SecretStr | None) -> RestConfig:
        """As a declaration; the key is sent as a header, which no log and no cache keeps. Without
        `key` here or in the settings the first question says what to set."""
        secret = self.key or Secret(env="BODEGA_FMP_KEY", known=key)
        base = f"{url.rstrip('/')}/{'stable' if self.shape == 'stable' else 'api/v3'}"
        return RestConfig.model_validate(
            {
                "base_url": base,
                "auth": {"kind": "header", "name": "apikey", "value": secret},
                "manners": self.manners,
                "streams": {name: self._stream(name) for name in self.streams},
            }
        )

    def declared(self) -> list[Stream]:
        """Without a key at hand."""
        return [
            config.stream(name)
            for name, config in self.rest(url="https://fmp", key=None).streams.items()
        ]

    def _stream(self, name: StreamName) -> dict[str, Any]:
        if name in ("prices", "fx"):
            return self._prices(name)
        said: dict[str, Any] = {
            "each": {"symbol": list(self.symbols)},
            "inherit": ["symbol"],
            "aliases": ALIASES,
            **self._asked(name.replace("_", "-")),
        }
        if name == "profile":
            return said | {"key": ["symbol"], "fields": {"symbol": "string", "price": PRICE}}
        fields: dict[str, Any] = {"symbol": "string", "date": "date", "fiscal_year": "string"}
        if name in STATEMENTS:
            fields |= {"cik": "string", "filing_date": "date", "accepted_date": "timestamp"}
            said["known_at"] = "accepted_date"
        period = {"period": self.period, "limit": 120}
        said["params"] = {**said.get("params", {}), **period}
        return said | {"key": ["symbol", "date", "period"], "fields": fields}

    def _prices(self, name: str) -> dict[str, Any]:
        """A week is read again each time: late corrections and splits change the past."""
        path = "historical-price-eod/full" if self.shape == "stable" else "historical-price-full"
        symbols = list(self.symbols if name == "prices" else self.pairs)
        prices = dict.fromkeys(("open", "high", "low", "close", "adj_close", "vwap"), PRICE)
        return {
            "each": {"symbol": symbols},
            "inherit": ["symbol"],
            "records": [] if self.shape == "stable" else ["historical"],
            "key": ["symbol", "date"],
            "fields": {"symbol": "string", "date": "date", **prices},
            "cursor": {
                "field": "date",
                "param": "from",
                "until_param": "to",
                "start": self.since,
                "lag": "7 days",
            },
            **self._asked(path),
        }

    def _asked(self, path: str) -> Mapping[str, Any]:
        if self.shape == "stable":
            return {"path": path, "params": {"symbol": "{symbol}"}}
        return {"path": f"{path}/{{symbol}}"}
