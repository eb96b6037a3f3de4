"""`bodega events list|show|schema|check`."""

import json

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.avro.schemas import TIME_TYPE
from bodega.ops.events import check
from bodega.ops.events.catalogue import EventUnknown


def say(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["events", *arguments], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_events_are_listed_and_shown() -> None:
    rows = {row["type"]: row for row in json.loads(say("list", "--json")[1])}
    assert rows["orders.order_placed"]["key"] == "order_id"
    assert "orders.order_placed" in say("list")[1]
    code, text = say("show", "orders.order_placed")
    assert code == 0
    assert "payments.book_sale" in text
    assert "SoldLine[]" in text
    shown = json.loads(say("show", "orders.order_paid", "--json")[1])
    assert [field["field"] for field in shown["fields"]] == ["order_id", "amount"]
    with pytest.raises(EventUnknown):
        say("show", "orders.nothing")


def test_a_schema_is_printed() -> None:
    schema = json.loads(say("schema", "orders.order_paid", "--version", "1")[1])
    fields = {field["name"]: field["type"] for field in schema["fields"]}
    assert fields["occurred_at"] == TIME_TYPE
    assert fields["payload"]["name"] == "OrderPaidPayload"


def test_check_says_so_when_events_break_a_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = say("check")
    assert (code, "old and new code" in text) == (0, True)
    found = [check.Complaint("orders.order_paid", "is broken")]
    monkeypatch.setattr(check, "complaints", lambda *_: found)
    code, text = say("check", "--json")
    assert (code, json.loads(text)) == (1, [{"type": "orders.order_paid", "says": "is broken"}])
