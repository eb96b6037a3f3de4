"""`bodega lake history|diff|restore|care|subset|docs`: versions, upkeep, samples, documentation."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodega.apps.cli.tables import print_table

if TYPE_CHECKING:
    from bodega.data.lake.storage import LakeRoot

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(lake: typer.Typer) -> None:
    for command in (history, diff, restore, care, subset, docs):
        lake.command()(command)


def history(
    table: Annotated[
        str | None, typer.Argument(help="gold.<table> or bronze.<table>; none: published sets.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show which versions can still be read: of one table, or the sets that readers saw.

    Example: bodega lake history gold.fct_orders
    """
    root = lake_root()
    found = _sets(root, limit) if table is None else _versions(root, table, limit)
    _say(found, as_json=as_json)


def diff(
    table: Annotated[str, typer.Argument(help="gold.<table> or bronze.<table>.")],
    before: Annotated[int, typer.Option("--from", help="The older version.")],
    after: Annotated[int, typer.Option("--to", help="The newer version.")],
    rows: Annotated[int, typer.Option(min=0, help="Examples of each side.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of a table: rows, sums of money, examples.

    Example: bodega lake diff gold.mart_daily_sales --from 11 --to 12
    """
    from bodega.data.lake.diff import diff as compare

    found = compare(lake_root(), table, before, after, examples=rows)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1, default=str))
        return
    typer.echo(f"rows {found.rows[0]} → {found.rows[1]}: -{found.only_before} +{found.only_after}")
    for name, (old, new) in found.sums.items():
        typer.echo(f"{name} {old} → {new} ({new - old:+d})")
    if found.examples:
        print_table(found.columns, found.examples)


def restore(
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="UTC."),
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Let readers follow again.")] = False,
) -> None:
    """Put readers back on what was published at an instant; they stay there until `--latest`.

    Bronze and the warehouse are not touched: this takes wrong numbers out of sight while their
    cause is mended.

    Example: bodega lake restore --at 2026-11-20T17:00
    """
    from bodega.data.lake.sets import hold, release

    if (at is None) == (not latest):
        raise typer.BadParameter("say either --at or --latest")
    root = lake_root()
    published = release(root) if at is None else hold(root, at.replace(tzinfo=UTC))
    typer.echo(f"Readers see the set of {published.published_at}, known at {published.known_at}.")
    if published.held:
        typer.echo("Nothing newer is published until `bodega lake restore --latest`.")


def care(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how the tables lie there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Join small files, drop what no kept version needs, archive old months: each layer's policy.

    The pipelines do the same by themselves once an hour.

    Example: bodega lake care --dry-run
    """
    from bodega.backbone.settings import load_settings
    from bodega.data.lake.care import care as tidy
    from bodega.data.lake.care import survey
    from bodega.data.lake.policy import policies

    root, settings = lake_root(), load_settings()
    kept = policies(settings)
    if not dry_run:
        done = tidy(root, kept, settings.lake_archive_url, bronze_files=True)
        typer.echo(f"{done.dropped} files dropped; archived: {dict(done.archived) or 'nothing'}")
    _say([asdict(state) for state in survey(root, kept)], as_json=as_json)


def subset(
    to: Annotated[Path, typer.Option(help="A folder without a lake in it.")],
    rows: Annotated[int, typer.Option(min=1, help="Orders.")] = 1000,
) -> None:
    """Copy some orders, with everything they lead to, into a small lake for development.

    Always the same orders; personal values stay sealed, and the keys stay here.

    Example: bodega lake subset --rows 500 --to ~/small/lake
    """
    from bodega.data.lake.storage import LakeRoot
    from bodega.data.pipelines.subset import subset as sample

    copied = sample(lake_root(), LakeRoot(to.expanduser().absolute()), rows=rows)
    print_table(["bronze table", "changes"], list(copied.items()))
    typer.echo(f"Build it: BODEGA_LAKE_URL={to} bodega lake build")


def docs(
    to: Annotated[Path, typer.Option(help="The page to write.")] = Path("lake.html"),
) -> None:
    """Write every model, column, test and use of the warehouse as one page of HTML.

    Example: bodega lake docs --to public/lake.html
    """
    import tempfile

    from bodega.data.pipelines.dbt import Project
    from bodega.data.pipelines.warehouse import Warehouse

    with tempfile.TemporaryDirectory() as scratch:
        written = Project(Warehouse(Path(scratch))).docs(to.expanduser().absolute())
    typer.echo(f"Written to {written}.")


def _sets(root: "LakeRoot", limit: int) -> list[dict[str, object]]:
    from bodega.data.lake.sets import read_set, remembered

    kept = {name: read_set(root, name) for name in remembered(root)[:limit]}
    return [
        {
            "set": name,
            "known_at": published.known_at,
            "position": published.position,
            "rows": sum(table.rows for table in published.tables.values()),
        }
        for name, published in kept.items()
    ]


def _versions(root: "LakeRoot", table: str, limit: int) -> list[dict[str, object]]:
    from bodega.data.lake.diff import versions

    return [
        {
            "version": made.version,
            "at": datetime.fromtimestamp(made.at_ms / 1000, UTC),
            "operation": made.operation,
            "added": made.added,
            "removed": made.removed,
        }
        for made in versions(root, table, limit)
    ]


def lake_root() -> "LakeRoot":
    from bodega.backbone.settings import load_settings
    from bodega.data.lake.storage import LakeRoot

    return LakeRoot.of(load_settings())


def _say(found: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=1, default=str))
    elif found:
        print_table(list(found[0]), [list(line.values()) for line in found])
    else:
        typer.echo("Nothing yet.")
