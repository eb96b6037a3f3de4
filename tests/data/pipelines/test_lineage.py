"""Every column is known by where it comes from and by what it means, from source to number."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.apps.declared import declared
from bodega.backbone.settings import Settings
from bodega.data.lake.published import read_published
from bodega.data.lake.query import connect_gold
from bodega.data.lake.storage import at
from bodega.data.lineage.assemble import NOT_BROUGHT, assemble
from bodega.data.lineage.declared import Declared, Use
from bodega.data.lineage.errors import CatalogueMissing, ColumnUnknown, SqlUntraceable
from bodega.data.lineage.graph import Catalogue, split
from bodega.data.lineage.keep import Keeper, leave_declared, read_catalogue
from bodega.data.lineage.project import read_project, source_columns
from bodega.data.lineage.search import search
from bodega.data.lineage.statement import Origin, Relations, Statement
from bodega.data.lineage.tree import tree
from bodega.data.pipelines.catalogue import Cataloguer, catalogue_of
from bodega.data.pipelines.dbt import Project
from bodega.data.pipelines.warehouse import Warehouse
from bodega.ml.features.purchases import LINES
from tests.kit.openlineage import violations

BOTH = {"a": "identity", "b": "identity"}
PRICES = "fct_daily_prices"
TRACED = ("silver", "gold", "metric", "number", "feature", "model")


@pytest.fixture(scope="module")
def catalogue(empty_warehouse: Path, project: Project) -> Catalogue:
    """Of the real project and the real declarations, as it is made beside a process that builds."""
    warehouse = Warehouse(empty_warehouse.parent)
    leave_declared(at(warehouse.lake), declared(Settings(_env_file=None)))
    project.plan()
    cataloguer = Cataloguer(warehouse, quiet_seconds=0)
    cataloguer.built(good=True)
    cataloguer.rest()
    deadline = time.monotonic() + 120
    while cataloguer.busy:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return read_catalogue(warehouse.lake)


def test_no_column_of_gold_is_without_a_source_or_a_stated_constant(catalogue: Catalogue) -> None:
    lost = [
        (name, end)
        for name in catalogue.names()
        if catalogue.tables[split(name)[0]].layer
        in ("gold", "silver", "metric", "number", "feature")
        for end in catalogue.ends(name)
        if catalogue.tables[split(end)[0]].layer != "source" and not catalogue.column(end).mark
    ]
    assert lost == []
    constants = [
        name
        for name in catalogue.names()
        if name.startswith("gold.") and catalogue.column(name).mark.startswith("constant")
    ]
    marks = {name: catalogue.column(name).mark for name in constants}
    assert marks["gold.dim_customers.is_inferred"] == "constant: FALSE or TRUE"
    assert marks["gold.dim_locations.kind"] == "constant: 'stock' or 'country'"
    assert {name.rpartition(".")[2] for name in marks} <= {"is_inferred", "kind"}


def test_every_table_and_column_says_what_it_means(catalogue: Catalogue) -> None:
    assert [name for name in catalogue.names() if not catalogue.column(name).description] == []
    assert [name for name, table in catalogue.tables.items() if not table.description] == []
    assert [name for name, table in catalogue.tables.items() if not table.owner] == []
    gold = [name for name in catalogue.tables if name.startswith("gold.")]
    assert [name for name in gold if not catalogue.tables[name].grain] == []


def test_what_models_read_is_published_by_a_manifest(catalogue: Catalogue) -> None:
    """A field that no manifest publishes never arrives: a model that reads it finds nothing."""
    known = set(catalogue.names())
    read = {step for name in known for step in catalogue.column(name).direct}
    assert {name for name in read if not name.endswith(".*") and name not in known} == set()


def test_a_figure_is_followed_from_the_console_to_the_fields_of_the_shop(
    catalogue: Catalogue,
) -> None:
    ends = catalogue.ends("console.sales.net_sales")
    assert ends == {
        "shop.orders.order_lines.total_amount",
        "shop.orders.return_lines.total_amount",
    }
    text = "\n".join(tree(catalogue, "metric.net_sales.value", down=False))
    assert "gold.mart_daily_sales.net_amount  (aggregation)" in text
    assert "bronze.shop__orders_order_lines.total_amount" in text


def test_a_field_is_followed_to_features_and_models(catalogue: Catalogue) -> None:
    down = {step.column for step in catalogue.walk("shop.orders.orders.customer_id", down=True)}
    assert {"gold.fct_orders.customer_id", "feature.purchases.buyer"} <= down
    assert "model.also-bought.neighbours" in down
    country = {step.column for step in catalogue.walk("shop.orders.orders.country", down=True)}
    assert {"feature.usual_of_customers.countries", "model.purchase-risk.score"} <= country


def test_counts_are_of_rows_and_choices_of_what_decides_them(catalogue: Catalogue) -> None:
    assert catalogue.column("intermediate.int_daily_payments.payments").direct == {
        "intermediate.int_payments.*": "count"
    }
    ends = catalogue.ends("gold.mart_payments.payments")
    assert "shop.payments.payments.*" in ends
    segment = catalogue.column("gold.mart_customers.segment")
    assert segment.direct == {}
    assert "intermediate.int_buyers.last_date" in segment.decided_by


def test_personal_values_are_followed_and_counting_them_is_not_personal(
    catalogue: Catalogue,
) -> None:
    personal = {n for n in catalogue.names() if catalogue.column(n).kind == "personal"}
    assert {"shop.identity.users.email", "bronze.shop__orders_orders.email"} <= personal
    gold = {name for name in personal if name.startswith("gold.")}
    assert {"gold.fct_orders.email_token", "gold.mart_customers.buyer_key"} <= gold
    assert "gold.mart_cohorts.buyers" not in gold
    assert "gold.mart_customers.is_guest" not in gold


def test_examples_run_over_what_is_published(catalogue: Catalogue, empty_warehouse: Path) -> None:
    lake = empty_warehouse.parent
    published = {name: table for name, table in catalogue.tables.items() if table.published}
    assert {split(name)[1] for name in published} == set(read_published(lake).tables)
    with connect_gold(lake, read_published(lake)) as con:
        for table in published.values():
            for example in table.examples:
                con.execute(example).fetchall()


def test_words_find_tables_and_columns_names_first(catalogue: Catalogue) -> None:
    found = [hit.name for hit in search(catalogue, "net sales")]
    assert found[0] == "metric.net_sales"
    assert "gold.fct_orders.email_token" in [h.name for h in search(catalogue, "nobody go back")]
    assert search(catalogue, "  ") == []
    assert search(catalogue, "no such thing anywhere") == []


def test_names_are_found_without_their_layer_and_misspelt_ones_are_helped(
    catalogue: Catalogue,
) -> None:
    assert catalogue.resolve_column("fct_orders.net_amount") == "gold.fct_orders.net_amount"
    assert catalogue.resolve_column("net_sales") == "metric.net_sales.value"
    assert catalogue.resolve_table("fct_orders") == "gold.fct_orders"
    with pytest.raises(ColumnUnknown, match=r"gold\.fct_orders\.net_amount"):
        catalogue.resolve_column("gold.fct_orders.net_amont")
    with pytest.raises(ColumnUnknown, match=r"gold\.fct_orders"):
        catalogue.resolve_table("gold.fct_order")


def test_the_catalogue_is_made_anew_only_when_something_changed(
    empty_warehouse: Path, project: Project, catalogue: Catalogue
) -> None:
    warehouse = Warehouse(empty_warehouse.parent)
    assert catalogue_of(warehouse, project, declared(Settings(_env_file=None))) is None
    other = Declared(uses=[Use(id="metric.x", layer="metric", sql="select 1 as one", owner="me")])
    assert Keeper(warehouse.lake, other, "the project").due


def test_a_process_that_builds_has_it_made_when_it_rests(
    empty_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(Keeper, "due", property(lambda self: True))
    monkeypatch.setattr(Cataloguer, "_begin", lambda self: made.append("made"))
    warehouse = Warehouse(empty_warehouse.parent)
    busy = Cataloguer(warehouse)
    busy.built(good=True)
    busy.rest()
    assert made == []
    cataloguer = Cataloguer(warehouse, quiet_seconds=0)
    cataloguer.built(good=False)
    cataloguer.rest()
    assert made == []
    cataloguer.built(good=True)
    cataloguer.rest()
    cataloguer.rest()
    assert len(made) == 1


def test_the_maker_of_a_catalogue_ends_with_who_started_it(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bodega.data.pipelines.catalogue",
        str(tmp_path),
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as maker:
        assert maker.stdin is not None
        maker.stdin.close()
        assert maker.wait(timeout=60) == 1
    with pytest.raises(CatalogueMissing):
        read_catalogue(tmp_path)


def test_before_the_first_build_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing):
        read_catalogue(tmp_path)


def test_sql_that_cannot_be_followed_is_told() -> None:
    with pytest.raises(SqlUntraceable, match=r"gold\.x"):
        Statement("gold.x", "select from where", Relations())
    unknown = Statement("gold.x", "select * from gold.somewhere", Relations())
    with pytest.raises(SqlUntraceable):
        unknown.uses("b")


@pytest.mark.parametrize(
    ("sql", "direct", "indirect"),
    [
        ("select a + 1 as c from s.t", {"a": "transformation"}, set()),
        ("select case when b then a end as c from s.t", {"a": "transformation"}, {"b"}),
        ("select sum(a) filter (where b) as c from s.t", {"a": "aggregation"}, {"b"}),
        ("select count(*) as c from s.t", {"*": "count"}, set()),
        ("with x as (select a as q from s.t) select q as c from x", {"a": "identity"}, set()),
        ("select a c from s.t union all select b from s.t", BOTH, set()),
        ("select (select max(a) from s.t) as c", {"a": "aggregation"}, set()),
        ("select arg_max(a, b) as c from s.t", {"a": "transformation"}, {"b"}),
        ("select lag(a) over (partition by b) as c from s.t", {"a": "transformation"}, {"b"}),
        ("select 7 as c from s.t", {}, set()),
    ],
    ids=[
        "computed",
        "case",
        "filter",
        "rows",
        "cte",
        "union",
        "subquery",
        "pick",
        "window",
        "none",
    ],
)
def test_what_makes_a_column(sql: str, direct: dict[str, str], indirect: set[str]) -> None:
    relations = Relations()
    relations.add("s.t", ["a", "b"])
    uses = Statement("q", sql, relations).uses("c")
    assert uses.direct == {Origin("s.t", name): how for name, how in direct.items()}
    assert set(uses.indirect) == {Origin("s.t", name) for name in indirect}


def test_features_are_traced_by_the_sql_that_reads_them(catalogue: Catalogue) -> None:
    assert "known_us" in LINES
    assert catalogue.column("feature.purchases.known_us").direct == {
        "gold.fct_order_lines.known_at": "transformation"
    }


@pytest.fixture
def bodega(
    catalogue: Catalogue, empty_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """The command line over the lake of the catalogue."""
    monkeypatch.setenv("BODEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BODEGA_LAKE_URL", str(empty_warehouse.parent))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "160"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return run


def test_a_declared_source_is_followed_from_its_field_through_its_mapping(
    catalogue: Catalogue, empty_warehouse: Path, project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "sources.yml"
    file.write_text("sources: {market: {kind: fmp, symbols: [ACME], streams: [prices]}}")
    given = declared(Settings(_env_file=None, sources_file=file)).model_copy(update={"uses": ()})
    known = read_project(project.manifest(), project.plan().sql)
    models = [model for model in known if "market_prices" in model.name or model.name == PRICES]
    made = assemble(given, models, types={}, arriving=source_columns(project.manifest()))
    assert "market.prices.high" in made.ends("gold.fct_daily_prices.high_price")
    assert made.table("bronze.market__prices").rows_from == ["market.prices"]
    assert catalogue.column("mapped.market_prices.high").mark == NOT_BROUGHT


def test_the_command_line_draws_both_sides_of_a_column(bodega: Callable[..., str]) -> None:
    text = bodega("lineage", "show", "gold.fct_order_lines.total_amount")
    assert "gold.fct_order_lines.total_amount comes from" in text
    assert "shop.orders.order_lines.total_amount" in text
    assert "console.sales.net_sales" in text
    up = bodega("lineage", "show", "fct_order_lines.total_amount", "--up")
    assert "console.sales.net_sales" not in up
    steps = json.loads(bodega("lineage", "show", "net_sales", "--down", "--json"))["steps"]
    assert [step["column"] for step in steps] == ["console.sales.net_sales"]
    with pytest.raises(ColumnUnknown):
        bodega("lineage", "show", "gold.nothing.at_all")


def test_the_command_line_is_a_dictionary(bodega: Callable[..., str]) -> None:
    assert "gold.fct_orders.refunded_amount" in bodega("lake", "catalogue", "search", "refunded")
    assert "Nothing" in bodega("lake", "catalogue", "search", "xyzzy")
    found = json.loads(bodega("lake", "catalogue", "search", "stock value", "--json"))
    assert found[0]["name"] == "metric.stock_value"
    page = bodega("lake", "catalogue", "show", "fct_orders")
    assert "one order, cancelled ones included" in page
    assert "personal" in page
    assert 'bodega query "select' in page
    told = json.loads(bodega("lake", "catalogue", "show", "gold.fct_orders", "--json"))
    assert told["columns"]["number"]["tests"] == ["required", "unique"]


def test_the_export_is_openlineage_to_the_letter(
    bodega: Callable[..., str], catalogue: Catalogue, tmp_path: Path
) -> None:
    assert "events written" in bodega("lineage", "export", "--to", str(tmp_path / "lineage.ndjson"))
    events = [json.loads(line) for line in (tmp_path / "lineage.ndjson").read_text().splitlines()]
    for event in events:
        assert violations(event) == []
    by_job = {event["job"]["name"]: event for event in events}
    made = {name for name, table in catalogue.tables.items() if table.layer != "source"}
    assert set(by_job) == made
    output = by_job["gold.fct_orders"]["outputs"][0]
    fields = output["facets"]["columnLineage"]["fields"]
    assert set(fields) == set(catalogue.tables["gold.fct_orders"].columns)
    (number,) = fields["number"]["inputFields"]
    assert (number["name"], number["field"]) == ("intermediate.int_orders", "number")
    assert number["transformations"][0]["subtype"] == "IDENTITY"
    token = by_job["staging.orders"]["outputs"][0]["facets"]["columnLineage"]["fields"]["email"]
    assert [one["transformations"][0]["masking"] for one in token["inputFields"]] == [True]


def test_the_document_is_small(catalogue: Catalogue, empty_warehouse: Path) -> None:
    path = empty_warehouse.parent / "published" / "catalogue.json"
    assert len(json.loads(path.read_text())["tables"]) == len(catalogue.tables)
    assert path.stat().st_size < 2_000_000
