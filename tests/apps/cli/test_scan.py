"""`bodega payments scan` finds a card number wherever one was planted, and else nothing."""

import json
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.settings import Settings
from bodega.kernel.ids import new_id

PAN = "4242424242424242"
MASKED = "424242******4242"
EVENT = """INSERT INTO backbone.event_log ("offset", event_id, type, version, key, partition,
    occurred_at, actor, correlation_id, payload)
    VALUES (1, %s, 'x.y', 1, gen_random_uuid(), 0, now(), 'system', 'c', %s)"""
OUTBOX = """INSERT INTO backbone.outbox (event_id, type, version, key, occurred_at, actor,
    correlation_id, payload)
    VALUES (%s, 'x.y', 1, gen_random_uuid(), now(), 'system', 'c', %s)"""
WEBHOOK = """INSERT INTO payments.webhooks (id, provider, provider_id, type, object_group, subject,
    stated_at, rank, body, status, received_at, due_at)
    VALUES (%s, 'stripe', 'evt_1', 'charge.succeeded', 'ch_1', 'ch_1', now(), 0, %s, 'ignored',
        now(), now())"""
SAGA = """INSERT INTO checkout.checkouts (id, cart_id, state, fingerprint, lines, total_amount,
    total_currency, leased_until, note) VALUES (%s, gen_random_uuid(), 'failed', '', '[]', 1, 'GBP',
    now(), %s)"""


@pytest.fixture(autouse=True)
def reached(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_VALKEY_URL", settings.valkey_dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path))


def found() -> list[dict[str, str]]:
    done = CliRunner().invoke(cli.app, ["payments", "scan", "--json"])
    places: list[dict[str, str]] = json.loads(done.output)
    assert done.exit_code == bool(places), done.output
    return places


def test_one_number_is_found_wherever_it_hides(settings: Settings, tmp_path: Path) -> None:
    assert found() == []
    hidden = json.dumps({"note": f"card {PAN}, thanks"})
    rows = {"backbone.event_log": EVENT, "backbone.outbox": OUTBOX, "payments.webhooks": WEBHOOK,
            "checkout.checkouts": SAGA}  # fmt: skip
    with psycopg.connect(settings.dsn) as connection:
        for sql in rows.values():
            connection.execute(sql.encode(), [new_id(), hidden])
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text(hidden)
    bronze = pa.table({"key": ['{"id":"1"}'], "after": [hidden]})
    write_deltalake(str(tmp_path / "lake" / "bronze" / "shop__orders_orders"), bronze)
    places = found()
    assert {one["number"] for one in places} == {MASKED}
    named = [one["place"] for one in places]
    assert {place for place in named if place in rows} == set(rows)
    assert any(place.endswith("api.log:1") for place in named)
    assert any("shop__orders_orders" in place and place.endswith("#after") for place in named)
