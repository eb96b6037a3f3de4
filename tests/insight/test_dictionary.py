"""The data dictionary answers from the catalogue, for programs of the staff."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

pytest.importorskip("duckdb")

from bodega.commerce.views.errors import LakeColumnNotFound, LakeTableNotFound
from bodega.contracts.dictionary import Dictionary
from bodega.data.lake.storage import LakeRoot
from bodega.data.lineage.graph import Catalogue, Column, Table
from bodega.data.lineage.keep import CATALOGUE
from bodega.insight.dictionary import LakeDictionary
from bodega.insight.freshness import PublishedFreshness
from tests.kit.doors import Doors

SOLD = "gold.fct_orders.total_amount"


def keep(lake: Path) -> None:
    source = Table(layer="source", columns={"total_amount": Column(description="the sum")})
    gold = Table(
        layer="gold",
        description="Every order.",
        owner="insight@bodega.example",
        columns={
            "total_amount": Column(
                description="the sum", direct={"shop.orders.total_amount": "identity"}
            ),
            "email_token": Column(description="stands for the address", kind="personal"),
        },
        order=["total_amount", "email_token"],
        rows_from=["shop.orders"],
    )
    made = Catalogue(tables={"shop.orders": source, "gold.fct_orders": gold})
    LakeRoot(lake).write_json(CATALOGUE, made.model_dump(mode="json"))


@pytest.fixture
def words(tmp_path: Path) -> LakeDictionary:
    return LakeDictionary(tmp_path, PublishedFreshness(tmp_path))


async def test_it_is_empty_until_there_is_a_catalogue_and_follows_it(
    tmp_path: Path, words: LakeDictionary
) -> None:
    assert await words.tables() == []
    assert await words.table(name="fct_orders") is None
    keep(tmp_path)
    assert [line.name for line in await words.tables()] == ["shop.orders", "gold.fct_orders"]
    assert [line.name for line in await words.tables(layer="gold")] == ["gold.fct_orders"]
    found = await words.table(name="fct_orders")
    assert found is not None
    assert found.personal
    assert found.upstream == ["shop.orders"]
    assert [(f.name, f.origins) for f in found.fields] == [
        ("total_amount", ["shop.orders.total_amount"]),
        ("email_token", []),
    ]


@pytest.fixture
async def staff(app: FastAPI, doors: Doors, words: LakeDictionary) -> httpx.AsyncClient:
    app.state.container.bind(Dictionary, words)
    return await doors.staff(await doors.admin())


async def test_programs_of_the_staff_ask_for_tables_columns_and_words(
    tmp_path: Path, staff: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    keep(tmp_path)
    base = "/api/v1/admin/lake"
    tables = (await staff.get(f"{base}/tables", params={"layer": "gold"})).json()
    assert [(one["name"], one["personal"]) for one in tables] == [("gold.fct_orders", True)]
    found = (await staff.get(f"{base}/tables", params={"q": "stands for"})).json()
    assert [one["column"] for one in found] == ["gold.fct_orders.email_token"]
    table = (await staff.get(f"{base}/tables/gold.fct_orders")).json()
    assert [one["kind"] for one in table["fields"]] == ["public", "personal"]
    way = (await staff.get(f"{base}/lineage/{SOLD}")).json()
    assert [(s["origin"], s["how"]) for s in way["up"]] == [
        ("shop.orders.total_amount", "identity")
    ]
    missing = await staff.get(f"{base}/tables/gold.nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, LakeTableNotFound.code)
    missing = await staff.get(f"{base}/lineage/gold.fct_orders.nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, LakeColumnNotFound.code)
    assert (await client.get(f"{base}/tables")).status_code == 401
