"""Personal data in the lake: sealed before it lands, tokens from silver on, gone with the key."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.apps.modules import modules, personal, published
from bodega.apps.supervise import environment
from bodega.backbone import jobs
from bodega.backbone.changes.envelope import Change
from bodega.backbone.changes.errors import SinkUnavailable
from bodega.backbone.changes.sink import Batch
from bodega.backbone.settings import Settings
from bodega.backbone.vault.errors import NobodyKnown
from bodega.backbone.vault.keys import MasterKey, MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.bronze import BronzeSink
from bodega.data.ingest.seal import SealedSink
from bodega.data.lake.access import AccessLog, reader
from bodega.data.lake.archive import archive
from bodega.data.lake.policy import BRONZE
from bodega.data.lake.reveal import reveal
from bodega.data.lake.storage import LakeRoot
from bodega.data.pipelines.warehouse import Warehouse
from bodega.insight.personal import LakePersonalRecords
from bodega.kernel.ids import new_id
from tests.data.bronze import times
from tests.data.conftest import Refresh
from tests.data.ingest.bronze_tables import changes_in
from tests.kit.doors import Doors

EMAIL = "ada.lovelace@example.com"
STREET = "12 St James's Square"
SECRETS = (EMAIL, STREET, "Ada Lovelace")
LONG_AGO = "2026-02-03T10:00:00Z"


class Shop:
    """Commits rows into bronze as the feed does, sealed."""

    def __init__(self, settings: Settings, root: LakeRoot) -> None:
        self.root = root
        self.vault = Vault(settings.dsn, MasterKeys.of(settings))
        self.sink = SealedSink(BronzeSink(root), self.vault, personal())
        self.position = 100

    def commit(self, table: str, row: dict[str, Any], *, op: str = "c") -> None:
        self.position += 10
        key = json.dumps({"id": row["id"]})
        place = (1_767_225_600_000 + self.position, 7, self.position, 1)
        change = Change(table, op, key, None, json.dumps(row), (), *place)  # type: ignore[arg-type]
        self.sink.write(Batch({table: [change]}, position=self.position, fresh=True))

    def user(self, user_id: str, email: str | None, name: str | None = "Ada Lovelace") -> None:
        row = {"id": user_id, "role": "customer", "status": "active", "country": "GB"}
        row |= {"source": None, "source_key": None, **times(LONG_AGO)}
        self.commit("identity.users", row | {"email": email, "name": name})

    def order(
        self, number: int, *, email: str, customer_id: str | None = None, at: str = LONG_AGO
    ) -> str:
        id = str(new_id())
        row = {"id": id, "number": number, "checkout_id": None, "customer_id": customer_id}
        row |= {"country": "GB", "status": "paid", "subtotal_amount": 0, "total_amount": 0}
        row |= {"currency": "GBP", "source": None, "source_key": None, **times(at)}
        row |= {"email": email, "shipping_address": {"line1": STREET, "city": "London"}}
        self.commit("orders.orders", row)
        return id

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [json.loads(change.after or "{}") for change in changes_in(self.root, table)]

    def reveal(self, person: str) -> list[tuple[str, dict[str, Any]]]:
        found = reveal(self.root, self.vault, person=person, actor="staff:1", reason="a test")
        return [(row.table, row.values) for row in found.rows]


@pytest.fixture
def shop(settings: Settings, lake: Path) -> Shop:
    return Shop(settings, LakeRoot(lake))


def tokens(*rows: dict[str, Any]) -> set[str]:
    return {row["email"].split(".")[2] for row in rows}


def every_text(folder: Path) -> Iterator[str]:
    """All that lies in the folder, readable: Parquet and DuckDB by value, else by bytes."""
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            with duckdb.connect() as con:
                yield str(con.execute(f"from read_parquet('{path}')").fetchall())
        elif path.suffix == ".duckdb":
            yield from _tables(path)
        elif path.is_file():
            yield path.read_bytes().decode(errors="replace")


def _tables(path: Path) -> Iterator[str]:
    with Warehouse(path.parent).open() as con:
        named = con.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE'"
        ).fetchall()
        for schema, name in named:
            yield str(con.execute(f'from "{schema}"."{name}"').fetchall())


def found_in(folder: Path, *texts: str) -> set[str]:
    return {text for content in every_text(folder) for text in texts if text in content}


def test_personal_columns_are_published_sealed_and_secrets_never() -> None:
    for module in modules():
        for table, columns in module.published.items():
            sealed = personal().get(f"{module.name}.{table}")
            for name in published()[f"{module.name}.{table}"]:
                assert columns[name] == "public" or (sealed and name in sealed.columns)
    assert "email" in published()["orders.orders"]
    assert personal()["orders.orders"].columns == ("email", "shipping_address")


def test_a_person_is_in_the_lake_without_being_told_and_gone_when_the_key_is(
    shop: Shop, lake: Path, refreshed: Refresh, settings: Settings
) -> None:
    user = str(new_id())
    shop.user(user, EMAIL)
    shop.order(1001, email=EMAIL, customer_id=user)
    shop.order(1002, email=EMAIL.upper())
    shop.order(1003, email="bob@example.com")
    outcome = refreshed()
    assert outcome.state == "published", outcome.failures
    BronzeSink(shop.root).rest()

    # Nothing anywhere tells, old versions and the warehouse included; the door does.
    assert found_in(lake, *SECRETS) == set()
    with Warehouse(lake).open() as con:
        told = con.execute(
            "select o.number, o.email_token = c.email_token from gold.fct_orders o "
            "cross join gold.dim_customers c where c.customer_id = ? order by 1",
            [user],
        ).fetchall()
    assert told == [(1001, True), (1002, True), (1003, False)]
    assert {EMAIL, EMAIL.upper()} == {values["email"] for _, values in shop.reveal(user)}
    assert shop.reveal(EMAIL) == shop.reveal(user)
    with psycopg.connect(settings.dsn) as con:
        noted = con.execute("select distinct actor, reason from vault.reveals").fetchall()
    assert noted == [("staff:1", "a test")]

    before = [row["email"] for row in shop.rows("orders.orders")]
    with psycopg.connect(settings.dsn) as con:
        con.execute("delete from vault.keys where id = %s", [shop.vault.find(f"user:{user}")])
    # The rows are the same, and no key opens the two that were Ada's.
    after = [row["email"] for row in shop.rows("orders.orders")]
    assert after == before
    with pytest.raises(NobodyKnown):
        shop.reveal(user)
    assert [values["email"] for _, values in shop.reveal("bob@example.com")] == ["bob@example.com"]


def test_a_guest_who_signs_up_is_one_person(shop: Shop) -> None:
    user = str(new_id())
    shop.order(1, email=EMAIL)
    shop.user(user, EMAIL)
    shop.order(2, email=EMAIL, customer_id=user)
    assert len(tokens(*shop.rows("orders.orders"), *shop.rows("identity.users"))) == 1
    # Tables without a row, and those of other sources, are passed over.
    shop.sink.write(Batch({"orders.returns": []}, position=shop.position, fresh=True))
    other = {"after": ["x"], "_loaded": [1]}
    write_deltalake(shop.root.uri("bronze/files__suppliers"), pa.table(other))
    assert len(shop.reveal(user)) == 3


def test_values_whose_person_is_unknown_are_not_kept(shop: Shop) -> None:
    row = {"id": "r", "customer_id": None, "title": "Fine", "body": "From Ada", "rating": 5}
    shop.commit("reviews.reviews", row)
    [kept] = shop.rows("reviews.reviews")
    assert (kept["title"], kept["body"], kept["rating"]) == (None, None, 5)


def test_deletes_and_rows_without_the_column_pass_as_they_are(shop: Shop) -> None:
    table = "orders.orders"
    key = '{"id":"o"}'
    gone = Change(table, "d", key, key, None, (), 1, 1, 500, 1)
    part = Change(table, "u", key, None, '{"id":"o"}', ("email",), 1, 1, 510, 1)
    shop.sink.write(Batch({table: [gone, part]}, position=510, fresh=True))
    assert [change.after for change in changes_in(shop.root, table)] == [None, '{"id":"o"}']


def test_what_a_row_was_is_sealed_where_the_database_tells_it(shop: Shop) -> None:
    table, key = "orders.orders", '{"id":"o"}'
    was = json.dumps({"id": "o", "email": EMAIL, "shipping_address": {"line1": STREET}})
    gone = Change(table, "d", key, was, None, (), 1, 1, 500, 1)
    moved = Change(table, "u", key, was, was, (), 1, 1, 510, 1)
    shop.sink.write(Batch({table: [gone, moved]}, position=510, fresh=True))
    for text in every_text(shop.root.work):
        assert all(secret not in text for secret in (EMAIL, STREET))
    first, second = changes_in(shop.root, table)
    assert json.loads(first.before or "")["id"] == "o"
    assert second.before == second.after


def test_without_keys_nothing_is_written_and_the_feed_waits(lake: Path, settings: Settings) -> None:
    nowhere = Vault("postgresql://nobody@127.0.0.1:1/none", MasterKeys(MasterKey.of("x")))
    sink = SealedSink(BronzeSink(LakeRoot(lake)), nowhere, personal())
    row = '{"id":"o","email":"ada@example.com"}'
    change = Change("orders.orders", "c", '{"id":"o"}', None, row, (), 1, 1, 10, 1)
    with pytest.raises(SinkUnavailable, match="No keys"):
        sink.write(Batch({"orders.orders": [change]}, position=10, fresh=True))
    assert not DeltaTable.is_deltatable(str(lake / "bronze" / "shop__orders_orders"))


def test_on_the_command_line_the_account_counts_and_a_reason_is_one(
    shop: Shop, settings: Settings, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.user(user := str(new_id()), EMAIL)
    monkeypatch.setenv("USER", "somebody-else")
    own = settings.model_copy(update={"lake_url": str(lake), "data_dir": lake})
    monkeypatch.setattr(environment, "connected_settings", lambda: own)

    def asked(*arguments: str) -> int:
        return CliRunner().invoke(cli.app, ["lake", "reveal", user, *arguments]).exit_code

    assert asked("--reason", "  ") == 2
    assert asked("--reason", "a request", "--actor", "Ada's lawyer") == 0
    (read,) = AccessLog(lake).reads()
    assert (read.who, read.purpose) == (f"{reader()} for Ada's lawyer", "a request")


async def test_an_admin_erases_a_customer_through_the_api_and_what_is_copied_again_stays_dark(
    shop: Shop, client: httpx.AsyncClient, doors: Doors, settings: Settings
) -> None:
    admin = await doors.admin()
    customer = await doors.customer()
    user, email = await _who(customer)
    with psycopg.connect(settings.dsn) as worker:
        # As the worker does that runs the jobs, for as long as it lives.
        worker.execute("SELECT pg_advisory_lock(%s)", [jobs._LOCK])
        shop.user(user, email)
        shop.order(1, email=email, customer_id=user)
        closed = await admin.patch(f"/api/v1/admin/users/{user}", json={"status": "active"})
        assert closed.status_code == 200
    assert shop.reveal(user)

    asked = {"person": user, "reason": "curious"}
    for door, body in (("erase", {"person": user}), ("reveal", asked)):
        refused = await customer.post(f"/api/v1/admin/users/{door}", json=body)
        assert refused.status_code == 403
    unsaid = await admin.post("/api/v1/admin/users/reveal", json=asked | {"reason": "    "})
    assert unsaid.status_code == 422
    done = await admin.post("/api/v1/admin/users/erase", json={"person": email})
    assert done.status_code == 204, done.text
    again = await admin.post("/api/v1/admin/users/erase", json={"person": user})
    assert again.status_code == 204, again.text
    with pytest.raises(NobodyKnown):
        shop.reveal(user)
    me = await customer.get("/api/v1/me")
    assert me.status_code == 401

    # A slot is lost, everything is copied again: what was before stays without its person.
    shop.order(1, email=email, customer_id=user)
    assert shop.rows("orders.orders")[-1]["email"] is None
    # The same e-mail buys again later: that is a new person.
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    shop.order(2, email=email, at=later)
    assert [values["email"] for _, values in shop.reveal(email)] == [email]

    unknown = await admin.post("/api/v1/admin/users/erase", json={"person": str(new_id())})
    assert unknown.status_code == 404


async def test_the_serving_process_reveals_from_old_months_in_the_archive_too(
    shop: Shop, settings: Settings
) -> None:
    user = str(new_id())
    shop.order(1, email=EMAIL, customer_id=user)
    table, policy = "shop__orders_orders", replace(BRONZE, archive_days=1)
    later = datetime.now(UTC) + timedelta(days=70)
    assert archive(shop.root, table, policy, shop.root.beside(shop.root.uri("cold")), now=later)
    assert shop.rows("orders.orders") == []
    records = LakePersonalRecords(shop.root, settings)
    found = await records.reveal(person=user, actor="admin:1", reason="asked for")
    assert [row.values["email"] for row in found.rows] == [EMAIL]
    assert found.rows[0].values["shipping_address"]["line1"] == STREET
    with pytest.raises(NobodyKnown):
        await records.reveal(person="nobody@example.com", actor="admin:1", reason="asked for")


async def _who(customer: httpx.AsyncClient) -> tuple[str, str]:
    me = (await customer.get("/api/v1/me")).json()
    return me["id"], me["email"]
