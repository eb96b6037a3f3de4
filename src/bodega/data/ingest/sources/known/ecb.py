"""Exchange rates of the European Central Bank, which feed the shop's currency table.

https://data.ecb.europa.eu/help/api/data: daily reference rates, units of a currency for one euro.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from bodega.contracts.pricing import Rate
from bodega.data.ingest.sources.conform import connect
from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.current import current_sql
from bodega.data.ingest.sources.http import Manners
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.streams import Remote
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.lake.paths import BRONZE
from bodega.data.lake.storage import LakeRoot
from bodega.kernel.money import is_money

SOURCE = "ECB euro foreign exchange reference rates"


class FxConfig(Remote):
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


@dataclass(frozen=True, slots=True)
class Found:
    """Rates that arrived since the last time they were `remember`ed."""

    rates: list[Rate]
    position: int
    remember: Callable[[], None]


def rates_since(root: LakeRoot, source: str, stream: Stream) -> Found:
    """Those of the stream's current rows that arrived after what was fed last."""
    table = SourceTable(root, source, stream.name)
    place = f"{BRONZE}/_state/{table.name}/fed.json"
    fed = int((root.read_json(place) or {}).get("position", 0))
    position = table.position()
    current = current_sql(stream, table.files(), table.saved().columns or stream.columns)
    with connect(root) as con:
        rows = con.execute(
            f"select base, currency, date, rate from ({current}) where _position > {fed} "
            "order by date, currency"
        ).fetchall()
    rates = [
        Rate(base=base, quote=quote, day=day, rate=rate, source=SOURCE)
        for base, quote, day, rate in rows
        if is_money(base) and is_money(quote) and rate > 0
    ]
    return Found(rates, position, lambda: root.write_json(place, {"position": position}))
