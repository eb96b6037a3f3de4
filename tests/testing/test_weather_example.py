"""The example of the weather runs against the shop's two endpoints."""

import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

APP = Path(__file__).parents[2] / "examples" / "weather" / "app.py"
WEATHER = {
    "state": "fresh",
    "days": [
        {"day": "2026-11-18", "precipitation": 0.0, "temperature_max": 9.5},
        {"day": "2026-11-19", "precipitation": 12.5, "temperature_max": 7.0},
        {"day": "2026-11-20", "precipitation": None, "temperature_max": None},
        {"day": "2026-11-21", "precipitation": 3.0, "temperature_max": 8.0},
    ],
}
SALES: list[dict[str, object]] = [
    {"date": "2026-11-18", "currency": "GBP", "net_amount": 10_000},
    {"date": "2026-11-19", "currency": "GBP", "net_amount": 25_050},
    {"date": "2026-11-19", "currency": "EUR", "net_amount": 1},
]


@pytest.fixture(scope="module")
def app() -> ModuleType:
    import sys

    spec = importlib.util.spec_from_file_location("weather_example", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["weather_example"] = module
    spec.loader.exec_module(module)
    return module


class Door:
    """A shop whose passes last three questions."""

    def __init__(self, sales: list[dict[str, object]]) -> None:
        self.sales, self.passes, self.left = sales, 0, 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/auth/token":
            if json.loads(request.content)["password"] != "secret":
                return httpx.Response(401, json={})
            self.passes, self.left = self.passes + 1, 3
            return httpx.Response(200, json={"access_token": f"t{self.passes}"})
        if request.headers["authorization"] != f"Bearer t{self.passes}" or not self.left:
            return httpx.Response(401, json={})
        self.left -= 1
        if request.url.path == "/api/external-data":
            return httpx.Response(200, json={"weather": WEATHER, "market": []})
        assert request.url.params["since"] == "2026-11-18"
        return httpx.Response(200, text="".join(json.dumps(row) + "\n" for row in self.sales))

    def client(self, app: ModuleType, password: str = "secret") -> httpx.Client:
        url = "http://shop.test"
        auth = app.SignIn(httpx.URL(url), "admin@bodega.local", password)
        return httpx.Client(transport=httpx.MockTransport(self.answer), base_url=url, auth=auth)


def asked(app: ModuleType, client: httpx.Client, currency: str = "") -> Any:
    return app.report(
        client,
        latitude=51.5,
        longitude=0.0,
        past_days=2,
        today=date(2026, 11, 21),
        currency=currency,
    )


def test_it_joins_weather_and_sales(app: ModuleType) -> None:
    found = asked(app, Door(SALES).client(app))
    assert [(d.day, d.rain, d.sales) for d in found.days] == [
        (date(2026, 11, 18), 0.0, 10_000),
        (date(2026, 11, 19), 12.5, 25_050),
        (date(2026, 11, 20), None, 0),
        (date(2026, 11, 21), 3.0, None),
    ]
    assert (found.wet, found.dry, found.currency) == (25_050, 10_000, "GBP")
    assert "mean of a wet day 250.50, of a dry day 100.00" in app.as_text(found)
    assert "GBP (not in it: EUR)" in app.as_text(found)
    assert "Open-Meteo.com, CC BY 4.0" in app.as_page(found)


def test_a_day_that_sold_nothing_counts(app: ModuleType) -> None:
    found = asked(app, Door(SALES[1:2]).client(app))
    assert (found.wet, found.dry) == (25_050, 0)


def test_amounts_have_their_currency_s_decimals(app: ModuleType) -> None:
    door = Door([*SALES, {"date": "2026-11-19", "currency": "JPY", "net_amount": 4800}])
    assert "mean of a wet day 4,800, of" in app.as_text(asked(app, door.client(app), "JPY"))


def test_it_goes_on_when_its_pass_is_over_and_says_what_is_wrong(app: ModuleType) -> None:
    door = Door(SALES)
    client = door.client(app)
    assert [asked(app, client).wet for _ in range(4)] == [25_050] * 4
    assert door.passes == 3
    with pytest.raises(httpx.HTTPStatusError) as refused:
        asked(app, Door(SALES).client(app, "guess"))
    assert "--password" in app.why(refused.value)
