"""The example of the weather runs against the shop's two endpoints."""

import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType

import httpx
import pytest

APP = Path(__file__).parents[2] / "examples" / "weather" / "app.py"
WEATHER = {
    "state": "fresh",
    "days": [
        {"day": "2026-11-18", "precipitation": 0.0, "temperature_max": 9.5},
        {"day": "2026-11-19", "precipitation": 12.5, "temperature_max": 7.0},
        {"day": "2026-11-20", "precipitation": None, "temperature_max": None},
    ],
}
SALES = [
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


@pytest.fixture
def shop() -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/auth/token":
            return httpx.Response(200, json={"access_token": "t"})
        assert request.headers["authorization"] == "Bearer t"
        if request.url.path == "/api/external-data":
            return httpx.Response(200, json={"weather": WEATHER, "market": []})
        assert request.url.params["since"] == "2026-11-18"
        return httpx.Response(200, text="".join(json.dumps(row) + "\n" for row in SALES))

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://shop.test")


def test_it_joins_weather_and_sales(app: ModuleType, shop: httpx.Client) -> None:
    app.sign_in(shop, "admin@bodega.local", "secret")
    found = app.report(shop, latitude=51.5, longitude=0.0, past_days=2)
    assert [(d.day, d.rain, d.sales) for d in found.days] == [
        (date(2026, 11, 18), 0.0, 10_000),
        (date(2026, 11, 19), 12.5, 25_050),
        (date(2026, 11, 20), None, None),
    ]
    assert (found.wet, found.dry, found.currency) == (25_050, 10_000, "GBP")
    assert "mean of a wet day 250.50, of a dry day 100.00" in app.as_text(found)
    assert "Open-Meteo.com, CC BY 4.0" in app.as_page(found)
