"""Does rain sell? Weather beside the shop's daily sales, over two endpoints of Bodega.

    python examples/weather/app.py --email admin@bodega.local --password … --serve 8050

`/api/external-data` gives the weather, `/api/insights` streams the sales; the rest is here.
"""

import argparse
import html
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx

WET = 1.0  # millimetres a day from which on a day counts as wet


@dataclass(frozen=True)
class Day:
    day: date
    rain: float | None
    warmest: float | None
    sales: int | None  # minor units


@dataclass(frozen=True)
class Report:
    """`wet` and `dry` are mean sales of a day in minor units; None without such a day."""

    days: list[Day]
    currency: str
    state: str
    wet: float | None
    dry: float | None


def sign_in(client: httpx.Client, email: str, password: str) -> None:
    answer = client.post("/api/v1/auth/token", json={"email": email, "password": password})
    answer.raise_for_status()
    client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"


def sales(client: httpx.Client, since: date) -> Iterator[dict[str, Any]]:
    """Line by line: a history of any length passes through a few kilobytes."""
    asked = {"dataset": "mart_daily_sales", "since": since.isoformat()}
    with client.stream("GET", "/api/insights", params=asked) as answer:
        if answer.is_error:
            answer.read()
        answer.raise_for_status()
        for line in answer.iter_lines():
            yield json.loads(line)


def report(client: httpx.Client, *, latitude: float, longitude: float, past_days: int) -> Report:
    asked = {"latitude": latitude, "longitude": longitude, "past_days": past_days}
    answer = client.get("/api/external-data", params=asked)
    answer.raise_for_status()
    weather = answer.json()["weather"]
    days = {date.fromisoformat(day["day"]): day for day in weather["days"]}
    first = min(days, default=datetime.now(UTC).date() - timedelta(days=past_days))
    sold: dict[date, int] = {}
    currency = ""
    for row in sales(client, first):
        currency = currency or row["currency"]
        if row["currency"] == currency:
            day = date.fromisoformat(row["date"])
            sold[day] = sold.get(day, 0) + row["net_amount"]
    joined = [
        Day(day, said["precipitation"], said["temperature_max"], sold.get(day))
        for day, said in sorted(days.items())
    ]
    return Report(joined, currency, weather["state"], _mean(joined, True), _mean(joined, False))


def _mean(days: list[Day], wet: bool) -> float | None:
    chosen = [
        day.sales
        for day in days
        if day.sales is not None and day.rain is not None and (day.rain >= WET) == wet
    ]
    return sum(chosen) / len(chosen) if chosen else None


def as_text(found: Report) -> str:
    lines = ["day         rain mm   max °C        sales"]
    lines += [
        f"{day.day}  {_shown(day.rain):>7}  {_shown(day.warmest):>7}  {_money(day.sales):>11}"
        for day in found.days
    ]
    lines += [f"mean of a wet day {_money(found.wet)}, of a dry day {_money(found.dry)}"]
    lines += [f"{found.currency}; weather: Open-Meteo ({found.state})"]
    return "\n".join(lines)


def as_page(found: Report) -> str:
    rows = "".join(
        f"<tr><td>{day.day}<td>{_shown(day.rain)}<td>{_shown(day.warmest)}<td>{_money(day.sales)}"
        for day in found.days
    )
    return (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Does rain sell?</title><style>body{font:16px system-ui;margin:2rem auto;"
        "max-width:40rem;padding:0 1rem}td,th{padding:.2rem .8rem;text-align:right}</style>"
        f"<h1>Does rain sell?</h1><p>Mean of a wet day <b>{_money(found.wet)}</b>, of a dry day "
        f"<b>{_money(found.dry)}</b> {html.escape(found.currency)}.</p>"
        f"<table><tr><th>day<th>rain mm<th>max °C<th>sales{rows}</table>"
        f"<p>Weather data by Open-Meteo.com, CC BY 4.0 ({html.escape(found.state)}).</p>"
    )


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _money(minor: float | None) -> str:
    return "-" if minor is None else f"{minor / 100:,.2f}"


def serve(make: Any, port: int) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = as_page(make()).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
    parser.add_argument("--serve", type=int, metavar="PORT", help="a page instead of a table")
    given = parser.parse_args()
    with httpx.Client(base_url=given.url, timeout=30) as client:
        sign_in(client, given.email, given.password)

        def make() -> Report:
            return report(
                client,
                latitude=given.latitude,
                longitude=given.longitude,
                past_days=given.past_days,
            )

        if given.serve:
            serve(make, given.serve)
        else:
            print(as_text(make()))


if __name__ == "__main__":
    main()
