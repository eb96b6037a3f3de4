"""Doubles of the APIs that sources read: they answer as the originals do, with made-up numbers.

Each is a function of the request: give `double.handle` to `httpx.MockTransport`, or serve it with
`serve_double`. What they answer follows from names and days only, so that two runs agree.
"""

import csv
import io
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import httpx

Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Double(ABC):
    """What all doubles can do: count what they were asked, be down, ask for patience."""

    asked: list[httpx.URL] = field(default_factory=list)
    down: bool = False
    busy: int = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        """As the original would."""
        self.asked.append(request.url)
        if self.down:
            return httpx.Response(503, text="Service Unavailable")
        if self.busy:
            self.busy -= 1
            return httpx.Response(429, headers={"retry-after": "0"}, text="Limit Reach")
        return self.answer(request)

    @abstractmethod
    def answer(self, request: httpx.Request) -> httpx.Response:
        """When it is up and has time."""

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.Client` and `httpx.AsyncClient` alike."""
        return httpx.MockTransport(self.handle)


def _wave(name: str, day: date, *, low: float, high: float, period: float = 365.0) -> float:
    """A number between `low` and `high` that belongs to a name and a day."""
    phase = crc32(name.encode()) % 1000 / 1000
    turn = math.sin(2 * math.pi * (day.toordinal() / period + phase))
    jitter = (crc32(f"{name}{day}".encode()) % 1000 / 1000 - 0.5) * 0.1
    return round(low + (high - low) * min(1.0, max(0.0, (turn + 1) / 2 + jitter)), 2)


def _days(start: date, end: date) -> Iterator[date]:
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)


@dataclass
class FmpDouble(Double):
    """Financial Modeling Prep: `/stable/…` and `/api/v3/…`, each in its own payload shape.

    `corrections` replace fields of a day's price: `{("AAPL", "2026-11-02"): {"close": 1.0}}`.
    """

    key: str = "test-key"
    symbols: tuple[str, ...] = ("AAPL", "MSFT")
    pairs: tuple[str, ...] = ("EURUSD",)
    corrections: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    today: date = date(2026, 11, 20)

    def answer(self, request: httpx.Request) -> httpx.Response:
        given = request.headers.get("apikey") or request.url.params.get("apikey")
        if given != self.key:
            said = "Invalid API KEY. Feel free to create a Free API Key."
            return httpx.Response(401, json={"Error Message": said})
        path = request.url.path.strip("/")
        if path.startswith("api/v3/"):
            name, _, symbol = path.removeprefix("api/v3/").rpartition("/")
            return self._answer(request, name, symbol, old=True)
        name = path.removeprefix("stable/")
        return self._answer(request, name, request.url.params.get("symbol", ""), old=False)

    def _answer(
        self, request: httpx.Request, name: str, symbol: str, *, old: bool
    ) -> httpx.Response:
        if name in ("historical-price-eod/full", "historical-price-full"):
            rows = self._prices(symbol, request.url.params)
            return httpx.Response(200, json={"symbol": symbol, "historical": rows} if old else rows)
        known = {
            "profile": self._profile,
            "income-statement": self._income,
            "balance-sheet-statement": self._balance,
            "cash-flow-statement": self._cash_flow,
            "ratios": self._measures,
            "financial-growth": self._measures,
        }
        if name not in known:
            return httpx.Response(404, json=[])
        rows = known[name](symbol) if symbol in self.symbols else []
        rows = rows[: int(request.url.params.get("limit", 120))]
        return httpx.Response(200, json=[_as_v3(row) for row in rows] if old else rows)

    def _profile(self, symbol: str) -> list[dict[str, Any]]:
        price = _wave(symbol, self.today, low=50, high=400)
        return [
            {
                "symbol": symbol,
                "price": price,
                "marketCap": round(price * 1_000_000_000),
                "beta": 1.086,
                "lastDividend": 1.05,
                "range": "50-400",
                "change": 0.67,
                "changePercentage": 0.21949,
                "volume": 26054077,
                "averageVolume": 53620824,
                "companyName": f"{symbol} Inc.",
                "currency": "USD",
                "cik": f"{crc32(symbol.encode()) % 10**7:010d}",
                "exchange": "NASDAQ",
                "industry": "Retail",
                "country": "US",
                "fullTimeEmployees": "166000",
                "ipoDate": "1980-12-12",
                "isEtf": False,
                "isActivelyTrading": True,
            }
        ]

    def _reported(self, symbol: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for year in range(self.today.year - 1, self.today.year - 6, -1):
            yield (
                year,
                {
                    "date": f"{year}-09-27",
                    "symbol": symbol,
                    "reportedCurrency": "USD",
                    "cik": f"{crc32(symbol.encode()) % 10**7:010d}",
                    "filingDate": f"{year}-10-31",
                    "acceptedDate": f"{year}-10-31 06:01:26",
                    "fiscalYear": str(year),
                    "period": "FY",
                },
            )

    def _income(self, symbol: str) -> list[dict[str, Any]]:
        return [
            {
                **row,
                "revenue": 1_000_000_000 + year * 1_000_000,
                "costOfRevenue": 600_000_000,
                "grossProfit": 400_000_000 + year * 1_000_000,
                "operatingIncome": year * 150_000,
                "netIncome": year * 100_000,
                "eps": 7.49,
                "epsDiluted": 7.46,
                "weightedAverageShsOutDil": 30_000_000,
            }
            for year, row in self._reported(symbol)
        ]

    def _balance(self, symbol: str) -> list[dict[str, Any]]:
        return [
            {
                **row,
                "totalCurrentAssets": 500_000_000,
                "totalAssets": 2_000_000_000,
                "totalCurrentLiabilities": 400_000_000,
                "totalLiabilities": 1_200_000_000,
                "totalStockholdersEquity": 800_000_000,
                "totalDebt": 600_000_000,
            }
            for _, row in self._reported(symbol)
        ]

    def _cash_flow(self, symbol: str) -> list[dict[str, Any]]:
        return [
            {
                **row,
                "operatingCashFlow": 300_000_000,
                "capitalExpenditure": -100_000_000,
                "freeCashFlow": 200_000_000,
            }
            for _, row in self._reported(symbol)
        ]

    def _measures(self, symbol: str) -> list[dict[str, Any]]:
        return [
            {**row, "grossProfitMargin": 0.4690516410716045, "revenueGrowth": 0.0642551178283274}
            for _, row in self._reported(symbol)
        ]

    def _prices(self, symbol: str, params: httpx.QueryParams) -> list[dict[str, Any]]:
        """Newest first, as the original; markets rest at the week's end."""
        if symbol not in (*self.symbols, *self.pairs):
            return []
        low, high = (1.0, 1.2) if symbol in self.pairs else (50, 400)
        start = date.fromisoformat(params.get("from", "2021-01-01"))
        end = min(date.fromisoformat(params.get("to", "9999-12-31")), self.today)
        rows = []
        for day in reversed(list(_days(start, end))):
            if day.weekday() < 5:
                close = _wave(symbol, day, low=low, high=high)
                row: dict[str, Any] = {
                    "symbol": symbol,
                    "date": day.isoformat(),
                    "open": close,
                    "high": round(close * 1.01, 4),
                    "low": round(close * 0.99, 4),
                    "close": close,
                    "volume": 1_000_000 + day.toordinal(),
                    "change": 0.0,
                    "changePercent": 0.0,
                    "vwap": close,
                }
                rows.append(row | self.corrections.get((symbol, day.isoformat()), {}))
        return rows


_V3 = {
    "marketCap": "mktCap",
    "lastDividend": "lastDiv",
    "change": "changes",
    "averageVolume": "volAvg",
    "fiscalYear": "calendarYear",
    "filingDate": "fillingDate",
    "epsDiluted": "epsdiluted",
    "exchange": "exchangeShortName",
}


def _as_v3(row: dict[str, Any]) -> dict[str, Any]:
    return {_V3.get(name, name): value for name, value in row.items()}


@dataclass
class OpenMeteoDouble(Double):
    """Open-Meteo: `/v1/archive` up to yesterday, `/v1/forecast` from `past_days` ago on."""

    today: date = date(2026, 11, 20)

    def answer(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        try:
            latitude, longitude = float(params["latitude"]), float(params["longitude"])
            names = params["daily"].split(",")
            start, end = self._between(request.url.path, params)
        except (KeyError, ValueError) as error:
            return httpx.Response(400, json={"error": True, "reason": f"Parameter {error}"})
        place = f"{latitude:.2f},{longitude:.2f}"
        days = list(_days(start, end))
        daily: dict[str, list[Any]] = {"time": [day.isoformat() for day in days]}
        for name in names:
            daily[name] = [_weather(name, place, day) for day in days]
        return httpx.Response(
            200,
            json={
                "latitude": latitude,
                "longitude": longitude,
                "generationtime_ms": 0.1,
                "utc_offset_seconds": 0,
                "timezone": params.get("timezone", "GMT"),
                "daily_units": dict.fromkeys(daily, ""),
                "daily": daily,
            },
        )

    def _between(self, path: str, params: httpx.QueryParams) -> tuple[date, date]:
        if path.endswith("/archive"):
            start, end = (date.fromisoformat(params[n]) for n in ("start_date", "end_date"))
            return start, min(end, self.today - timedelta(days=1))
        if "start_date" in params:
            return date.fromisoformat(params["start_date"]), date.fromisoformat(params["end_date"])
        past, ahead = int(params.get("past_days", 0)), int(params.get("forecast_days", 7))
        return self.today - timedelta(days=past), self.today + timedelta(days=ahead - 1)


def _weather(name: str, place: str, day: date) -> float | int:
    if name == "weather_code":
        return (0, 1, 2, 3, 61, 63, 71)[crc32(f"{place}{day}".encode()) % 7]
    if name.startswith("temperature_2m"):
        base = _wave(place, day, low=-4, high=27)
        return round(base + (4 if name.endswith("max") else -4), 1)
    top = 30.0 if name.startswith("precipitation") else 60.0
    return round(_wave(f"{name}{place}", day, low=0, high=top, period=9), 1)


@dataclass
class EcbDouble(Double):
    """The ECB's data API: `EXR/D.<currencies>.EUR.SP00.A` as CSV, working days only.

    `corrections` replace a rate: `{("USD", "2026-11-02"): "1.5"}`.
    """

    currencies: tuple[str, ...] = ("GBP", "JPY", "USD")
    today: date = date(2026, 11, 20)
    corrections: dict[tuple[str, str], str] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.rsplit("/", 1)[-1].split(".")
        wanted = [name for name in parts[1].split("+") if name] or list(self.currencies)
        start = date.fromisoformat(request.url.params.get("startPeriod", "1999-01-04"))
        rows = [
            self._row(currency, day)
            for currency in sorted(set(wanted) & set(self.currencies))
            for day in _days(start, self.today)
            if day.weekday() < 5
        ]
        if not rows:
            return httpx.Response(404, text="No results found.")
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        return httpx.Response(200, text=text.getvalue(), headers={"content-type": "text/csv"})

    def _row(self, currency: str, day: date) -> dict[str, str]:
        low, high = {"JPY": (150, 170), "GBP": (0.83, 0.88)}.get(currency, (1.0, 1.2))
        rate = self.corrections.get(
            (currency, day.isoformat()), f"{_wave(currency, day, low=low, high=high):.4f}"
        )
        return {
            "KEY": f"EXR.D.{currency}.EUR.SP00.A",
            "FREQ": "D",
            "CURRENCY": currency,
            "CURRENCY_DENOM": "EUR",
            "EXR_TYPE": "SP00",
            "EXR_SUFFIX": "A",
            "TIME_PERIOD": day.isoformat(),
            "OBS_VALUE": rate,
        }


@contextmanager
def serve_double(handle: Answer, port: int = 0) -> Iterator[str]:
    """The double behind a real socket of this machine; its address."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://{self.headers['host']}{self.path}"
            answer = handle(httpx.Request("GET", url, headers=list(self.headers.items())))
            body = answer.read()
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in ("content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


__all__ = ["Double", "EcbDouble", "FmpDouble", "OpenMeteoDouble", "serve_double"]
