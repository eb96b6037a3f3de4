"""From a changed product to a hit."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from bodega.apps.api import build
from bodega.backbone.module import Context
from bodega.backbone.settings import Settings
from bodega.commerce.search.handlers import HANDLERS
from bodega.commerce.search.jobs import JOBS
from bodega.contracts.catalog import ProductChanged, ProductsImported
from bodega.kernel.ids import ImportBatchId, ProductId
from tests.commerce.people import product, react, staff


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With an index of this test's own."""
    return settings.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
async def clerk(client: httpx.AsyncClient, settings: Settings) -> dict[str, str]:
    return await staff(client, settings)


async def follow(context: Context, product_id: object) -> None:
    await react(context, HANDLERS, ProductChanged(product_id=ProductId(product_id)))  # type: ignore[arg-type]
    await catch_up(context)


async def catch_up(context: Context) -> None:
    for job in JOBS:
        await job.run(context)


async def found(client: httpx.AsyncClient, query: str) -> list[str]:
    answer = await client.get("/api/v1/search", params={"q": query})
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


async def test_a_new_product_is_found_and_an_archived_one_is_not(
    client: httpx.AsyncClient, clerk: dict[str, str], context: Context
) -> None:
    await catch_up(context)
    lamp = await product(client, clerk, title="Brass lamp")
    assert await found(client, "lamp") == []
    await follow(context, lamp["id"])
    assert await found(client, "bras lamp") == ["Brass lamp"]
    at = f"/api/v1/admin/products/{lamp['id']}"
    await client.patch(at, json={"title": "Copper torch"}, headers=clerk)
    await follow(context, lamp["id"])
    assert await found(client, "lamp") == []
    assert await found(client, "torch") == ["Copper torch"]
    await client.patch(at, json={"status": "archived"}, headers=clerk)
    assert await found(client, "torch") == [], "the catalogue has the last word"
    await follow(context, lamp["id"])
    assert await found(client, "torch") == []


async def test_a_missing_index_is_built_by_the_next_job(
    client: httpx.AsyncClient, clerk: dict[str, str], context: Context
) -> None:
    await product(client, clerk, title="Brass lamp")
    await catch_up(context)
    assert await found(client, "lamp") == ["Brass lamp"]


async def test_an_import_rebuilds_everything(
    client: httpx.AsyncClient, clerk: dict[str, str], context: Context
) -> None:
    await catch_up(context)
    for kind in ("amber", "brass", "copper"):
        await product(client, clerk, title=f"Lamp {kind}")
    imported = ProductsImported(import_batch_id=ImportBatchId(uuid4()), source="file", rows=3)
    await react(context, HANDLERS, imported)
    await catch_up(context)
    assert sorted(await found(client, "lamp")) == ["Lamp amber", "Lamp brass", "Lamp copper"]
    assert await found(client, "lamp copper") == ["Lamp copper"]


async def test_requests_stay_until_the_index_is_written(
    client: httpx.AsyncClient,
    clerk: dict[str, str],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await catch_up(context)
    lamp = await product(client, clerk, title="Brass lamp")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken_disk:
        broken_disk.setattr("bodega.commerce.search.service.IndexWriter.update", broken)
        with pytest.raises(OSError, match="disk full"):
            await follow(context, lamp["id"])
    await catch_up(context)
    assert await found(client, "lamp") == ["Brass lamp"]
    async with context.database.reading() as connection:
        assert (await connection.execute(text("SELECT 1 FROM search.requests"))).all() == []


@pytest.fixture
async def second_client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Another api process's view."""
    app = build(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield client


async def test_every_process_follows(
    client: httpx.AsyncClient,
    second_client: httpx.AsyncClient,
    clerk: dict[str, str],
    context: Context,
) -> None:
    for title in ("Brass lamp", "Copper lamp"):
        await follow(context, (await product(client, clerk, title=title))["id"])
        assert await found(client, "lamp") == await found(second_client, "lamp")
    assert len(await found(second_client, "lamp")) == 2


async def test_the_job_needs_no_handler_to_start(context: Context, tmp_path: Path) -> None:
    fresh = replace(
        context, settings=context.settings.model_copy(update={"data_dir": tmp_path / "new"})
    )
    await catch_up(fresh)
    assert (tmp_path / "new" / "search" / "current").exists()
