"""Open-Meteo: the last days and the coming week of a place. https://open-meteo.com/en/docs"""

from typing import Any

from bodega.backbone.http.outside import Known, Outside
from bodega.contracts.dex import Place, Weather, WeatherDay

_DAILY = {
    "temperature_max": "temperature_2m_max",
    "temperature_min": "temperature_2m_min",
    "precipitation": "precipitation_sum",
    "wind_max": "wind_speed_10m_max",
    "code": "weather_code",
}


class OpenMeteo:
    def __init__(self, outside: Outside, url: str) -> None:
        self._outside, self._url = outside, url

    async def at(self, place: Place, *, past_days: int) -> Weather:
        """Places within about a kilometre share an answer."""
        latitude, longitude = f"{place.latitude:.2f}", f"{place.longitude:.2f}"
        known = await self._outside.get(
            f"{latitude},{longitude},{past_days}",
            self._url,
            params={
                "latitude": latitude,
                "longitude": longitude,
                "daily": ",".join(_DAILY.values()),
                "timezone": "UTC",
                "past_days": str(past_days),
                "forecast_days": "7",
            },
        )
        return _weather(place, known)


def _weather(place: Place, known: Known) -> Weather:
    try:
        days = _days(known.body["daily"]) if known.body is not None else []
    except (KeyError, TypeError, ValueError, IndexError):
        return Weather(place=place, state="unavailable", reason="open-meteo: an unknown answer")
    return Weather(
        place=place, state=known.state, as_of=known.as_of, reason=known.reason, days=days
    )


def _days(daily: dict[str, Any]) -> list[WeatherDay]:
    return [
        WeatherDay(day=day, **{name: daily[theirs][at] for name, theirs in _DAILY.items()})
        for at, day in enumerate(daily["time"])
    ]
