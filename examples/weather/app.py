"""Does rain sell? Weather beside the shop's daily sales, over two endpoints of Bodega.

    python examples/weather/app.py --email admin@bodega.local --password … --serve 8050

`/api/external-data` gives the weather, `/api/insights` streams the sales; the rest is here.
"""

import argparse
import html
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx

from bodega.kernel.money import exponent

WET = 1.0  # millimetres a day from which on a day counts as wet


@dataclass(frozen=True)
class Day:
    """`sales` in minor units; None for a day that is not over."""

    day: date
    rain: float | None
    warmest: float | None
    sales: int | None


@dataclass(frozen=True)
class Report:
    """`wet` and `dry` are mean sales of a day in minor units; None without such a day. `others` are
    currencies the shop sold in as well."""

    days: list[Day]
    currency: str
    others: list[str]
    state: str
    wet: float | None
    dry: float | None


class SignIn(httpx.Auth):
    """Signs in when it has to: a pass lasts some minutes, a page longer."""

    def __init__(self, shop: httpx.URL, email: str, password: str) -> None:
        self._asked = shop.join("/api/v1/auth/token"), {"email": email, "password": password}
        self._pass = ""

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._pass}"
        if self._pass and (yield request).status_code != httpx.codes.UNAUTHORIZED:
            return
        url, said = self._asked
        answer = yield httpx.Request("POST", url, json=said)
        answer.read()
        answer.raise_for_status()
        self._pass = answer.json()["access_token"]
        request.headers["authorization"] = f"Bearer {self._pass}"
        yield request


def sales(client: httpx.Client, since: date) -> Iterator[dict[str, Any]]:
    """Line by line: a history of any length passes through a few kilobytes."""
    asked = {"dataset": "mart_daily_sales", "since": since.isoformat()}
    with client.stream("GET", "/api/insights", params=asked) as answer:
        if answer.is_error:
            answer.read()
        answer.raise_for_status()
        for line in answer.iter_lines():
            yield json.loads(line)


def report(
    client: httpx.Client,
    *,
    latitude: float,
    longitude: float,
    past_days: int,
    today: date,
    currency: str = "",
) -> Report:
    """Of `currency`, or of that with the most days. A day that is over and sold nothing counts."""
    asked = {"latitude": latitude, "longitude": longitude, "past_days": past_days}
    answer = client.get("/api/external-data", params=asked)
    answer.raise_for_status()
    weather = answer.json()["weather"]
    days = {date.fromisoformat(day["day"]): day for day in weather["days"]}
    sold: dict[str, dict[date, int]] = defaultdict(dict)
    if days:
        for row in sales(client, min(days)):
            sold[row["currency"]][date.fromisoformat(row["date"])] = row["net_amount"]
    chosen = currency or max(sold, key=lambda name: (len(sold[name]), name), default="")
    others = sorted(sold.keys() - {chosen})
    by_day = sold[chosen]
    joined = [
        Day(day, said["precipitation"], said["temperature_max"],
            by_day.get(day, 0) if day < today else None)
        for day, said in sorted(days.items())
    ]  # fmt: skip
    means = _mean(joined, True), _mean(joined, False)
    state = ": ".join(said for said in (weather["state"], weather.get("reason")) if said)
    return Report(joined, chosen, others, state, *means)


def _mean(days: list[Day], wet: bool) -> float | None:
    chosen = [
        day.sales
        for day in days
        if day.sales is not None and day.rain is not None and (day.rain >= WET) == wet
    ]
    return sum(chosen) / len(chosen) if chosen else None


def as_text(found: Report) -> str:
    def money(minor: float | None) -> str:
        return _money(minor, found.currency)

    lines = ["day         rain mm   max °C        sales"]
    lines += [
        f"{day.day}  {_shown(day.rain):>7}  {_shown(day.warmest):>7}  {money(day.sales):>11}"
        for day in found.days
    ]
    lines += [f"mean of a wet day {money(found.wet)}, of a dry day {money(found.dry)}"]
    lines += [f"{_sold(found)}; weather: Open-Meteo ({found.state})"]
    return "\n".join(lines)


def as_page(found: Report) -> str:
    def money(minor: float | None) -> str:
        return _money(minor, found.currency)

    rows = "".join(
        f"<tr><td>{day.day}<td>{_shown(day.rain)}<td>{_shown(day.warmest)}<td>{money(day.sales)}"
        for day in found.days
    )
    return _page(
        f"<p>Mean of a wet day <b>{money(found.wet)}</b>, of a dry day "
        f"<b>{money(found.dry)}</b> {html.escape(_sold(found))}.</p>"
        f"<table><tr><th>day<th>rain mm<th>max °C<th>sales{rows}</table>"
        f"<p>Weather data by Open-Meteo.com, CC BY 4.0 ({html.escape(found.state)}).</p>"
    )


def _page(body: str) -> str:
    return (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Does rain sell?</title><style>body{font:16px system-ui;margin:2rem auto;"
        "max-width:40rem;padding:0 1rem}td,th{padding:.2rem .8rem;text-align:right}</style>"
        f"<h1>Does rain sell?</h1>{body}"
    )


def _sold(found: Report) -> str:
    more = f" (not in it: {', '.join(found.others)})" if found.others else ""
    return f"{found.currency or 'nothing sold'}{more}"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _money(minor: float | None, currency: str) -> str:
    digits = exponent(currency) if currency else 0
    return "-" if minor is None else f"{minor / 10**digits:,.{digits}f}"


def why(error: httpx.HTTPError) -> str:
    """What to do about it, in a line."""
    if not isinstance(error, httpx.HTTPStatusError):
        return f"The shop does not answer at {error.request.url}: is it open (`bodega status`)?"
    if error.response.status_code == httpx.codes.UNAUTHORIZED:
        return "The shop does not know that e-mail and password: see --email and --password."
    return f"{error.request.url} answered {error.response.status_code}: {error.response.text}"


def serve(make: Callable[[], Report], port: int) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                self.send_error(404)
                return
            status, body = 200, ""
            try:
                body = as_page(make())
            except httpx.HTTPError as error:
                status, body = 502, _page(f"<p>{html.escape(why(error))}</p>")
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

    print(f"http://127.0.0.1:{port}")
    HTTPServer(("127.0.0.1", port), Page).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Does rain sell?")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="your shop")
    parser.add_argument("--email", default="admin@bodega.local")
    parser.add_argument("--password", default=os.environ.get("BODEGA_PASSWORD", ""))
    parser.add_argument("--latitude", type=float, default=51.51)
    parser.add_argument("--longitude", type=float, default=-0.13)
    parser.add_argument("--past-days", type=int, default=30)
    parser.add_argument("--currency", default="", help="unless it is the one you sell most in")
    parser.add_argument("--serve", type=int, metavar="PORT", help="a page instead of a table")
    given = parser.parse_args()
    auth = SignIn(httpx.URL(given.url), given.email, given.password)
    with httpx.Client(base_url=given.url, timeout=30, auth=auth) as client:

        def make() -> Report:
            return report(
                client,
                latitude=given.latitude,
                longitude=given.longitude,
                past_days=given.past_days,
                today=datetime.now(UTC).date(),
                currency=given.currency.upper(),
            )

        if given.serve:
            serve(make, given.serve)
            return
        try:
            print(as_text(make()))
        except httpx.HTTPError as error:
            sys.exit(why(error))


if __name__ == "__main__":
    main()
