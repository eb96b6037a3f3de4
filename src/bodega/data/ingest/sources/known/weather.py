"""Weather by place and day, from Open-Meteo; a file of weather is a `files` source.

https://open-meteo.com/en/docs/historical-weather-api: no key is needed for fair use; attribution is
(CC BY 4.0). `history` is read with a lag of a week, because the archive is corrected for days;
`forecast` is read whole each time, so that yesterday's forecast gives way to today's.
"""

from typing import Any, Literal

from pydantic import Field

from bodega.data.ingest.sources.contract import Stream
from bodega.data.ingest.sources.http import Manners
from bodega.data.ingest.sources.rest.declaration import RestConfig
from bodega.data.ingest.sources.streams import Remote, Strict

DAILY = ("temperature_2m_max", "temperature_2m_min", "precipitation_sum", "wind_speed_10m_max",
         "weather_code")  # fmt: skip
StreamName = Literal["history", "forecast"]
_NAMES = {
    "time": "date",
    "temperature_2m_max": "temperature_max",
    "temperature_2m_min": "temperature_min",
    "precipitation_sum": "precipitation",
    "wind_speed_10m_max": "wind_max",
}
_ALIASES = {"temperature_2_m_max": "temperature_max", "temperature_2_m_min": "temperature_min"}


class Place(Strict):
    """A name of yours, and where it is. `country` says whose orders its weather is put beside; a
    place without one stands for the whole shop."""

    name: str = Field(min_length=1, max_length=60)
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    country: str | None = Field(None, pattern="^[A-Z]{2}$")

    def asked(self) -> dict[str, Any]:
        """Without a country nothing is said of one, so that records stay as they were."""
        named = {"place": self.name, "latitude": self.latitude, "longitude": self.longitude}
        return named | ({"country": self.country} if self.country else {})


class WeatherConfig(Remote):
    kind: Literal["weather"]
    places: tuple[Place, ...] = Field(min_length=1)
    streams: tuple[StreamName, ...] = ("history", "forecast")
    since: str = Field("2024-01-01", pattern=r"^\d{4}-\d{2}-\d{2}$")
    manners: Manners = Manners(requests=5, seconds=1)

    def rest(self, *, history_url: str, forecast_url: str) -> RestConfig:
        """As a declaration."""
        urls = {"history": history_url, "forecast": forecast_url}
        return RestConfig.model_validate(
            {
                "base_url": "https://open-meteo.invalid",
                "manners": self.manners,
                "streams": {name: self._stream(name, urls[name]) for name in self.streams},
            }
        )

    def declared(self) -> list[Stream]:
        declared = self.rest(history_url="https://h", forecast_url="https://f")
        return [config.stream(name) for name, config in declared.streams.items()]

    def _stream(self, name: StreamName, url: str) -> dict[str, Any]:
        numbers = dict.fromkeys(
            ("temperature_max", "temperature_min", "precipitation", "wind_max"), "number"
        )
        named = ["place", *(["country"] if any(p.country for p in self.places) else [])]
        said: dict[str, Any] = {
            "path": url,
            "params": {
                "latitude": "{latitude}",
                "longitude": "{longitude}",
                "daily": ",".join(DAILY),
                "timezone": "UTC",
            },
            "each": [place.asked() for place in self.places],
            "records": ["daily"],
            "shape": "columns",
            "inherit": named,
            "aliases": {**_NAMES, **_ALIASES},
            "key": ["place", "date"],
            "fields": {
                **dict.fromkeys(named, "string"),
                "date": "date",
                **numbers,
                "weather_code": "integer",
            },
        }
        if name == "forecast":
            return said | {"missing": "delete"}
        cursor = {"field": "date", "param": "start_date", "until_param": "end_date"}
        return said | {"cursor": cursor | {"start": self.since, "lag": "7 days"}}
