"""Builds are told to whoever takes OpenLineage events, and wait for nobody."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bodega.apps.lineage import events_of, tell, telling
from bodega.backbone.settings import Settings
from bodega.data.lake.storage import LakeRoot
from bodega.data.lineage import post as posting
from bodega.data.lineage.graph import Catalogue, Column, Table
from bodega.data.lineage.keep import CATALOGUE
from bodega.data.lineage.post import Poster, post
from bodega.data.pipelines.refresh import Outcome
from tests.kit.openlineage import violations

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DONE = Outcome(
    state="published", started_at=AT, seconds=2.5, written={"fct_orders": [""], "mapped.x": [""]}
)


@pytest.fixture
def lake(tmp_path: Path) -> LakeRoot:
    source = Table(layer="source", owner="me", columns={"a": Column(), "b": Column()})
    gold = Table(
        layer="gold",
        owner="me",
        columns={
            "sum": Column(direct={"shop.t.a": "aggregation"}),
            "level": Column(decided_by=["shop.t.b"]),
            "count": Column(direct={"shop.t.*": "count"}),
        },
        rows_from=["shop.t"],
        shaped_by={"shop.t.b": "filter"},
    )
    made = Catalogue(tables={"shop.t": source, "gold.fct_orders": gold})
    root = LakeRoot(tmp_path)
    root.write_json(CATALOGUE, made.model_dump(mode="json"))
    return root


def test_a_build_is_the_parent_of_what_it_wrote(lake: LakeRoot) -> None:
    events = list(events_of(lake, DONE))
    assert [violations(event) for event in events] == [[], [], [], []]
    told = [(event["job"]["name"], event["eventType"]) for event in events]
    assert told == [
        ("build", "START"),
        ("gold.fct_orders", "START"),
        ("gold.fct_orders", "COMPLETE"),
        ("build", "COMPLETE"),
    ]
    build, wrote = events[0]["run"]["runId"], events[2]
    assert wrote["run"]["facets"]["parent"]["run"]["runId"] == build
    assert wrote["run"]["runId"] == events[1]["run"]["runId"] != build
    assert (wrote["eventTime"], events[0]["eventTime"]) == (
        "2026-03-01T12:00:02.500000Z",
        "2026-03-01T12:00:00Z",
    )
    lineage = wrote["outputs"][0]["facets"]["columnLineage"]
    kinds = {
        name: [(one["field"], one["transformations"][0]["subtype"]) for one in made["inputFields"]]
        for name, made in lineage["fields"].items()
    }
    assert kinds == {"sum": [("a", "AGGREGATION")], "level": [("b", "CONDITIONAL")], "count": []}
    assert [one["transformations"][0]["subtype"] for one in lineage["dataset"]] == ["FILTER"]
    assert wrote["inputs"] == [{"namespace": "bodega", "name": "shop.t"}]


def test_a_blocked_build_has_failed_and_wrote_nothing(lake: LakeRoot) -> None:
    blocked = Outcome(state="blocked", started_at=AT, failures=["a test"], written={})
    told = [(event["job"]["name"], event["eventType"]) for event in events_of(lake, blocked)]
    assert told == [("build", "START"), ("build", "FAIL")]


def test_nothing_is_told_before_the_first_catalogue(tmp_path: Path) -> None:
    assert list(events_of(LakeRoot(tmp_path), DONE)) == []


def test_events_are_posted_one_by_one_from_a_thread(lake: LakeRoot) -> None:
    taken: list[str] = []

    def take(request: httpx.Request) -> httpx.Response:
        taken.append(json.loads(request.content)["eventType"])
        return httpx.Response(201)

    poster = Poster("http://marquez/api/v1/lineage", transport=httpx.MockTransport(take))
    poster.add(lambda: events_of(lake, DONE))
    poster.add(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    poster.add(lambda: events_of(lake, DONE))
    poster.done()
    assert taken == ["START", "START", "COMPLETE", "COMPLETE"] * 2


def test_who_refuses_is_asked_no_more_and_a_build_goes_on(lake: LakeRoot) -> None:
    asked: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    transport = httpx.MockTransport(refuse)
    assert post("http://marquez/", events_of(lake, DONE), transport=transport) == 0
    assert len(asked) == 1
    away = Settings(
        _env_file=None, lake_url=str(lake), data_dir=lake.work, lineage_url="http://127.0.0.1:9"
    )
    tell(away, DONE)


def test_when_the_other_side_is_slow_the_oldest_builds_go(
    lake: LakeRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting.threading.Thread, "start", lambda self: None)
    poster = Poster("http://marquez/")
    for _ in range(posting.WAITING + 5):
        poster.add(lambda: events_of(lake, DONE))
    assert poster._waiting.qsize() == posting.WAITING


def test_nobody_is_told_unless_somebody_wants_to_know(lake: LakeRoot) -> None:
    quiet = Settings(_env_file=None, lake_url=str(lake), data_dir=lake.work)
    assert telling(quiet) is None
    tell(quiet, DONE)
