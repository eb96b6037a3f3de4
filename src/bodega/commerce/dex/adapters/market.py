"""Financial Modeling Prep: a company's profile with its price, one symbol a question."""

from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import SecretStr, ValidationError

from bodega.backbone.http.outside import Known, Outside
from bodega.contracts.dex import Market, Quote


class Fmp:
    def __init__(self, outside: Outside, url: str, key: SecretStr) -> None:
        self._outside, self._url, self._key = outside, url.rstrip("/"), key

    async def quote(self, symbol: str) -> Market:
        if not self._key.get_secret_value():
            return Market(symbol=symbol, state="unavailable", reason="set BODEGA_FMP_KEY")
        known = await self._outside.get(
            symbol,
            f"{self._url}/stable/profile",
            params={"symbol": symbol},
            headers={"apikey": self._key.get_secret_value()},
        )
        return _market(symbol, known)


def _market(symbol: str, known: Known) -> Market:
    said = {"state": known.state, "as_of": known.as_of, "reason": known.reason}
    if not known.body:
        return Market(symbol=symbol, **said)
    try:
        return Market(symbol=symbol, quote=_quote(known.body[0]), **said)
    except (KeyError, TypeError, IndexError, InvalidOperation, ValidationError):
        return Market(symbol=symbol, state="unavailable", reason="fmp: an unknown answer")


def _quote(row: dict[str, Any]) -> Quote:
    """Either payload shape: `stable` spells changes otherwise than `v3`."""
    change = row.get("changePercentage")
    return Quote(
        symbol=row["symbol"],
        name=row.get("companyName") or row["symbol"],
        price=Decimal(str(row["price"])),
        currency=row.get("currency") or "USD",
        change_percent=None if change is None else Decimal(str(change)),
    )
