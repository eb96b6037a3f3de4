"""What the shop is answered, with a model and without."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bodega.kernel.clock import FixedClock
from bodega.kernel.ids import ProductId
from bodega.ml.answers import BUFFER
from bodega.ml.recommend.predictions import PredictionLog
from bodega.ml.recommend.service import RecommendService
from bodega.ml.recommend.train import train
from tests.ml.gold import END, Sale, pairs, product, publish_sales


class Serving:
    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock(END)
        self.lake, self.models = folder / "lake", folder / "models"
        self.predictions = PredictionLog(self.lake, self.clock)
        self.service = RecommendService(self.lake, self.models, self.predictions)

    async def near(self, name: str, limit: int = 6) -> tuple[list[object], str, str | None]:
        answer = await self.service.also_bought(product_id=ProductId(product(name)), limit=limit)
        return list(answer.product_ids), answer.source, answer.model_version

    def logged(self) -> list[dict[str, object]]:
        files = sorted((self.lake / "predictions" / "also-bought").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    return Serving(tmp_path)


async def test_an_empty_shop_recommends_nothing(serving: Serving) -> None:
    serving.service.refresh()
    assert await serving.near("cup") == ([], "none", None)


async def test_without_a_model_best_sellers_answer_but_never_the_product_itself(
    serving: Serving,
) -> None:
    publish_sales(serving.lake, [Sale("1", "cup"), Sale("2", "cup"), Sale("2", "pot")])
    serving.service.refresh()
    assert await serving.near("cup") == ([product("pot")], "popularity", None)
    popular = await serving.service.popular(limit=1)
    assert popular.product_ids == [product("cup")]
    without = await serving.service.popular(exclude=[ProductId(product("cup"))])
    assert without.product_ids == [product("pot")]


async def test_a_promoted_model_answers_from_the_next_refresh_on(serving: Serving) -> None:
    publish_sales(serving.lake, pairs(1500, noise=3))
    serving.service.refresh()
    assert (await serving.near("p3-a"))[1] == "popularity"
    card = train(serving.lake, serving.models, clock=serving.clock)
    assert card is not None
    serving.service.refresh()
    ids, source, version = await serving.near("p3-a")
    assert (ids[0], source, version) == (product("p3-b"), "model", card.version)
    assert product("p3-a") not in ids
    assert len(ids) == len(set(ids)) == 6
    assert (await serving.near("p3-a", limit=1))[0] == [product("p3-b")]


async def test_a_product_the_model_never_saw_gets_best_sellers(serving: Serving) -> None:
    publish_sales(serving.lake, pairs(1500, noise=3))
    assert train(serving.lake, serving.models, clock=serving.clock)
    serving.service.refresh()
    ids, source, version = await serving.near("brand new", limit=1)
    assert (ids, source, version) == ([product("best seller")], "popularity", None)


async def test_a_broken_artifact_leaves_the_model_before_answering(serving: Serving) -> None:
    publish_sales(serving.lake, pairs(1500))
    first = train(serving.lake, serving.models, clock=serving.clock)
    assert first is not None
    serving.service.refresh()
    serving.clock.at += timedelta(minutes=1)
    second = train(serving.lake, serving.models, clock=serving.clock, again=True)
    assert second is not None
    broken = serving.models / second.name / second.version / "neighbours.json.gz"
    broken.write_bytes(b"not a table")
    serving.service.refresh()
    assert (await serving.near("p3-a"))[2] == first.version


async def test_every_answer_is_kept_to_be_judged_later(serving: Serving) -> None:
    publish_sales(serving.lake, [Sale("1", "cup"), Sale("1", "pot")])
    serving.service.refresh()
    await serving.near("cup")
    assert serving.logged() == []
    assert serving.predictions.flush() == 1
    assert serving.predictions.flush() == 0
    (entry,) = serving.logged()
    assert entry["product_id"] == str(product("cup"))
    assert entry["product_ids"] == [str(product("pot"))]
    assert entry["source"] == "popularity"
    assert entry["at"] == "2026-12-31T00:00:00Z"


async def test_old_predictions_go_when_a_day_begins(serving: Serving) -> None:
    for days in (0, 30, 120):
        serving.clock.at = END + timedelta(days=days)
        await serving.near("cup")
        serving.predictions.flush()
    kept = sorted(path.stem for path in serving.lake.rglob("*.jsonl"))
    assert kept == ["2027-01-30", "2027-04-30"]


async def test_the_log_never_holds_more_than_its_buffer(serving: Serving) -> None:
    for _ in range(BUFFER + 5):
        await serving.near("cup")
    assert serving.predictions.flush() == BUFFER


async def test_a_lake_that_cannot_be_written_stops_no_answer(serving: Serving) -> None:
    serving.lake.parent.mkdir(exist_ok=True)
    serving.lake.write_text("a file where the folder should be")
    await serving.near("cup")
    assert serving.predictions.flush() == 0
