"""sources.yml: what is said wrongly is named with its place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bodega.data.ingest.sources.config import read_sources
from bodega.data.ingest.sources.errors import SourcesMalformed
from bodega.data.ingest.sources.schedule import Schedule, parse_schedule
from bodega.data.ingest.sources.streams import Secret


def written(folder: Path, text: str) -> Path:
    path = folder / "sources.yml"
    path.write_text(text)
    return path


def test_no_file_is_no_sources(tmp_path: Path) -> None:
    assert read_sources(tmp_path / "sources.yml").sources == {}
    assert read_sources(written(tmp_path, "")).sources == {}


def test_a_whole_file_is_understood(tmp_path: Path) -> None:
    text = """
    sources:
      suppliers:
        kind: files
        schedule: every 15 minutes
        streams:
          prices:
            path: suppliers/*.csv
            key: [sku]
            fields: {price: "decimal(12, 2)", day: {type: date, format: "%d.%m.%Y"}}
            contract: drop_row
    """
    stream = read_sources(written(tmp_path, text)).sources["suppliers"].streams["prices"]
    assert [column.type for column in stream.fields] == ["decimal(12,2)", "date"]
    assert stream.contract.columns == stream.contract.types == "drop_row"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("sources: [", "is not YAML"),
        ("sources: {a: {kind: carrier_pigeon}}", "carrier_pigeon"),
        ("sources: {A-1: {kind: files}}", "sources.A-1"),
        ("sources: {a: {kind: files, streams: {}}}", "sources.a.files.streams"),
        (
            "sources: {a: {kind: files, streams: {s: {path: x, keys: [id]}}}}",
            "streams.s.keys: there is no such setting",
        ),
        (
            "sources: {a: {kind: files, streams: {s: {path: x, fields: {v: float}}}}}",
            "a type is one of",
        ),
        (
            "sources: {a: {kind: files, streams: {s: {path: x, key: [companyId]}}}}",
            "'companyId' is called `company_id` in the lake",
        ),
        (
            "sources: {a: {kind: files, streams: {s: {path: x, fields: {v: 'decimal(40,2)'}}}}}",
            "a type is one of",
        ),
        ("sources: {a: {kind: files, streams: {s: {path: x, missing: delete}}}}", "needs a `key`"),
        ("sources: {a: {kind: files, streams: {s: {path: x, version: v}}}}", "needs a `key`"),
        (
            "sources: {a: {kind: files, schedule: often, streams: {s: {path: x}}}}",
            "a schedule is",
        ),
        (
            "sources: {a: {kind: files, s3: {access_key: AKIA}, streams: {s: {path: x}}}}",
            "secrets are named, not written",
        ),
    ],
    ids=[
        "yaml", "kind", "name", "empty", "unknown", "type", "field-name", "precision", "missing",
        "version", "schedule", "secret",
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, said: str, complaint: str) -> None:
    with pytest.raises(SourcesMalformed) as caught:
        read_sources(written(tmp_path, said))
    assert complaint in caught.value.detail


def test_a_secret_that_is_not_set_is_named() -> None:
    secret = Secret(env="SHOP_TOKEN")
    assert secret.reveal({"SHOP_TOKEN": "x"}) == "x"
    with pytest.raises(SourcesMalformed, match="SHOP_TOKEN"):
        secret.reveal({})


NOON = datetime(2026, 11, 18, 12, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ("every minute", datetime(2026, 11, 18, 12, 7, tzinfo=UTC)),
        ("every 15 minutes", datetime(2026, 11, 18, 12, 0, tzinfo=UTC)),
        ("every 6 hours", datetime(2026, 11, 18, 12, 0, tzinfo=UTC)),
        ("every day at 06:30", datetime(2026, 11, 18, 6, 30, tzinfo=UTC)),
        ("every day at 13:00", datetime(2026, 11, 17, 13, 0, tzinfo=UTC)),
        ("every week", datetime(2026, 11, 16, 0, 0, tzinfo=UTC)),
    ],
)
def test_schedules_tick_at_round_times(said: str, last: datetime) -> None:
    schedule = parse_schedule(said)
    assert isinstance(schedule, Schedule)
    assert schedule.last_tick(NOON) == last
    assert schedule.next_tick(NOON) > NOON
    assert schedule.is_due(last=None, now=NOON)
    assert schedule.is_due(last=last - timedelta(seconds=1), now=NOON)
    assert not schedule.is_due(last=last, now=NOON)
    assert schedule.is_due(last=NOON + timedelta(days=400), now=NOON)


@pytest.mark.parametrize(
    "said", ["often", "every 0 minutes", "every hour at 06:30", "every day at 25:00"]
)
def test_what_is_no_schedule_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"a schedule is|have a time|shortest"):
        parse_schedule(said)
