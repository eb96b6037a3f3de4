"""Exchange rates of the European Central Bank, which feed the shop's currency table.

https://data.ecb.europa.eu/help/api/data: daily reference rates, units of a currency for one euro.
"""

from typing import Any, Literal

from pydantic import Field

from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.http import Manners
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.streams import Scheduled

SOURCE = "ECB euro foreign exchange reference rates"


class FxConfig(Scheduled):
    """`currencies` narrows what is read; empty is all. `feed_shop` writes them to the shop, too."""

    kind: Literal["fx"]
    currencies: tuple[str, ...] = ()
    since: str = Field("2024-01-01", pattern=r"^\d{4}-\d{2}-\d{2}$")
    feed_shop: bool = True
    manners: Manners = Manners(requests=2, seconds=1)

    def rest(self, *, url: str) -> RestConfig:
        """As a declaration."""
        stream: dict[str, Any] = {
            "path": f"EXR/D.{'+'.join(self.currencies)}.EUR.SP00.A",
            "params": {"format": "csvdata", "detail": "dataonly"},
            "format": "csv",
            "aliases": {"currency_denom": "base", "time_period": "date", "obs_value": "rate"},
            "key": ["base", "currency", "date"],
            "fields": {
                "base": "string",
                "currency": "string",
                "date": "date",
                "rate": {"type": "decimal(24,10)", "required": True},
            },
            "contract": {"columns": "drop_value", "types": "drop_row"},
            "cursor": {
                "field": "date",
                "param": "startPeriod",
                "start": self.since,
                "lag": "7 days",
            },
        }
        return RestConfig.model_validate(
            {"base_url": url, "manners": self.manners, "streams": {"rates": stream}}
        )

    def declared(self) -> list[Stream]:
        declared = self.rest(url="https://ecb").streams
        return [config.stream(name) for name, config in declared.items()]
