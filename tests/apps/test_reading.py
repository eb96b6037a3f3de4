"""Sources by schedule, and exchange rates on their way to the shop."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("deltalake")

from bodega.apps.compose import compose
from bodega.apps.reading import keep_reading, planned
from bodega.apps.sources import read_all
from bodega.backbone.settings import Settings
from bodega.contracts.pricing import Rates
from bodega.testing.doubles import EcbDouble, serve_double


def written(folder: Path, text: str) -> Path:
    path = folder / "sources.yml"
    path.write_text(text)
    return path


FX = "sources: {ecb: {kind: fx, currencies: [GBP, USD], since: '2026-11-16'}}"


async def rate_of(settings: Settings) -> str:
    shop = compose(settings)
    try:
        at = datetime(2026, 11, 20, 12, tzinfo=UTC)
        return str((await shop.context.container.get(Rates).rate("EUR", "USD", at=at)).rate)
    finally:
        await shop.close()


def test_rates_read_into_the_lake_reach_the_shop(settings: Settings, tmp_path: Path) -> None:
    import asyncio

    double = EcbDouble()
    with serve_double(double.handle) as url:
        told = settings.model_copy(
            update={
                "data_dir": tmp_path,
                "lake_url": None,
                "fx_url": url,
                "sources_file": written(tmp_path, FX),
            }
        )
        (report,) = read_all(told, None, full=False)
        assert report.error is None
        assert report.notes == ["10 rates new or changed in the shop"]
        double.corrections[("USD", "2026-11-20")] = "1.9999"
        (report,) = read_all(told, None, full=True)
        assert report.notes == ["1 rates new or changed in the shop"]
        (report,) = read_all(told, None, full=False)
        assert report.notes == ["0 rates new or changed in the shop"]
    assert asyncio.run(rate_of(told)).startswith("1.9999")


def test_a_shop_that_is_down_gets_its_rates_the_next_time(
    settings: Settings, tmp_path: Path
) -> None:
    told = {"data_dir": tmp_path, "lake_url": None, "sources_file": written(tmp_path, FX)}
    with serve_double(EcbDouble().handle) as url:
        told["fx_url"] = url
        down = settings.model_copy(update={**told, "database_url": None})
        (report,) = read_all(down, None, full=False)
        assert report.kept == 10
        assert "were not written" in report.notes[0]
        (report,) = read_all(settings.model_copy(update=told), None, full=False)
        assert report.notes == ["10 rates new or changed in the shop"]


def test_due_sources_are_read_in_a_process_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real process: that its memory is given back is what it is for."""
    from bodega.backbone.settings import load_settings

    (tmp_path / "a.csv").write_text("sku\n1\n")
    text = "sources: {a: {kind: files, schedule: every day, streams: {s: {path: a.csv}}}}"
    monkeypatch.setenv("BODEGA_SOURCES_FILE", str(written(tmp_path, text)))
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path / "data"))
    settings, stop = load_settings(), threading.Event()
    keeper = threading.Thread(target=keep_reading, args=(settings, stop))
    keeper.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (plan,) = planned(settings, now=datetime.now(UTC))
        if plan.last and plan.last.ended:
            break
        time.sleep(0.1)
    stop.set()
    keeper.join()
    assert plan.last is not None
    assert (plan.last.ok, plan.last.said) == (True, "1 rows kept")
