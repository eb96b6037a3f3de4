"""`bodega lineage` and `bodega lake catalogue`: where columns come from, and what tables hold."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodega.apps.cli.lake_care import lake_root
from bodega.apps.cli.tables import print_table

if TYPE_CHECKING:
    from bodega.data.lineage.graph import Catalogue

group = typer.Typer(
    no_args_is_help=True,
    help="Where each column comes from and goes to: source, layers, numbers, models.",
)
catalogue = typer.Typer(
    no_args_is_help=True, help="The data dictionary: every table and column of every layer."
)
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="lineage")


def register_lake(lake: typer.Typer) -> None:
    lake.add_typer(catalogue, name="catalogue")


@group.command()
def show(
    column: Annotated[str, typer.Argument(help="A column or a metric; gold. may be left out.")],
    *,
    up: Annotated[bool, typer.Option("--up", help="Only where it comes from.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only where it goes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw where a column comes from, to the field of its source, and where it goes.

    Example: bodega lineage show gold.fct_order_lines.total_amount --up
    """
    from bodega.data.lineage.tree import tree

    known = _read()
    name = known.resolve_column(column)
    sides = [side for side, asked in ((False, up or not down), (True, down or not up)) if asked]
    if as_json:
        steps = [step._asdict() for side in sides for step in known.walk(name, down=side)]
        typer.echo(json.dumps({"column": name, "steps": steps}, indent=1))
        return
    for side in sides:
        typer.echo("\n".join(tree(known, name, down=side)))


@group.command()
def export(
    to: Annotated[
        Path | None, typer.Option(help="A file, an event a line; none: standard output.")
    ] = None,
) -> None:
    """Write the lineage of every column as OpenLineage run events, a JSON document a line.

    Example: bodega lineage export --to lineage.ndjson
    """
    from datetime import UTC, datetime

    from bodega.data.lake.published import read_published
    from bodega.data.lineage.openlineage import exported

    published = read_published(lake_root()).tables
    events = exported(_read(), published, at=datetime.now(UTC))
    text = "".join(f"{json.dumps(event)}\n" for event in events)
    if to is None:
        typer.echo(text, nl=False)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8")
    typer.echo(f"{len(events)} events written to {to}.")


@group.command()
def make() -> None:
    """Follow the SQL of every model anew, without building anything.

    The pipelines do the same by themselves after a build, when models have changed.

    Example: bodega lineage make
    """
    import tempfile

    from bodega.apps.declared import declared
    from bodega.backbone.settings import load_settings
    from bodega.data.lineage.keep import Keeper
    from bodega.data.pipelines.dbt import Project, project_fingerprint
    from bodega.data.pipelines.warehouse import Warehouse

    with tempfile.TemporaryDirectory() as scratch:
        project = Project(Warehouse(Path(scratch)))
        keeper = Keeper(lake_root(), declared(load_settings()), project_fingerprint())
        made = keeper.make(project.manifest(), project.plan().sql, {})
    typer.echo(
        f"{len(made.tables)} tables, {sum(len(t.columns) for t in made.tables.values())} columns."
    )


@catalogue.command()
def search(
    words: Annotated[list[str], typer.Argument(help="All of them must be found.")],
    limit: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Find tables and columns by words in their names and descriptions.

    Example: bodega lake catalogue search refund
    """
    from bodega.data.lineage.search import search as find

    found = find(_read(), " ".join(words), limit=limit)
    if as_json:
        typer.echo(json.dumps([hit._asdict() for hit in found], indent=1))
    elif found:
        print_table(["name", "layer", "meaning"], [(h.name, h.layer, h.description) for h in found])
    else:
        typer.echo("Nothing is called or described like that.")


@catalogue.command("show")
def show_table(
    table: Annotated[str, typer.Argument(help="Such as gold.fct_orders; gold. may be left out.")],
    as_json: AsJson = False,
) -> None:
    """Say all there is to know of a table: columns, grain, owner, tests, neighbours, examples.

    Example: bodega lake catalogue show fct_orders
    """
    known = _read()
    name = known.resolve_table(table)
    found = known.table(name)
    if as_json:
        typer.echo(json.dumps({"name": name, **found.model_dump(mode="json")}, indent=1))
        return
    typer.echo(f"{name}: {found.description}")
    for label, said in (("grain", found.grain), ("owner", found.owner), ("page", found.page)):
        if said:
            typer.echo(f"{label:<9}{said}")
    typer.echo(f"from     {', '.join(known.neighbours(name, down=False)) or '–'}")
    typer.echo(f"used by  {', '.join(known.neighbours(name, down=True)) or '–'}")
    rows = [
        (column, one.type, one.kind, ", ".join(one.tests), one.description)
        for column, one in found.columns.items()
    ]
    print_table(["column", "type", "class", "tests", "meaning"], rows)
    for test in found.tests:
        typer.echo(f"test     {test}")
    for example in found.examples:
        typer.echo(f'bodega query "{example}"')


def _read() -> "Catalogue":
    from bodega.data.lineage.keep import read_catalogue

    return read_catalogue(lake_root())
