"""`bodega quality`: how fresh tables are, whether loads agree, what checks found."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bodega.apps.cli.lake_care import AsJson, lake_root
from bodega.apps.cli.tables import print_table

if TYPE_CHECKING:
    from bodega.data.quality.freshness import TableAge
    from bodega.data.quality.policy import Policy

Table = Annotated[str | None, typer.Option(help="Only this one, as gold.fct_orders.")]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="UTC, included."),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Lines at most.")]


_UNSEEN = "It was not looked at yet: the pipelines profile tables when they have a quiet moment."


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Checks, freshness, reconciliation, rows that were set aside."
    )
    for command in (freshness, reconcile, checks, profile, dead, redrive):
        group.command()(command)
    app.add_typer(group, name="quality")


def freshness(as_json: AsJson = False) -> None:
    """Show how old each table is against what is promised of it. Exit code 1: something is late.

    Example: bodega quality freshness
    """
    from bodega.data.quality.freshness import as_json as plain

    ages = table_ages()
    if as_json:
        typer.echo(json.dumps([plain(age) for age in ages], indent=1))
    else:
        rows = [
            (age.table, age.state, _span(age.age_seconds), *_promised(age), age.why) for age in ages
        ]
        print_table(["table", "state", "age", "warn", "late", "why"], rows)
    if any(age.state == "late" for age in ages):
        raise typer.Exit(1)


def reconcile(
    table: Annotated[str | None, typer.Option(help="Only this one, as fct_orders.")] = None,
    since: Since = None,
    differing: Annotated[
        bool, typer.Option("--differing", help="Only what did not agree.")
    ] = False,
    limit: Limit = 200,
    as_json: AsJson = False,
) -> None:
    """Show what each load counted on both sides: rows, checksums, money. Exit code 1: it differed.

    `bodega lake reconcile` counts everything again now.

    Example: bodega quality reconcile --table fct_orders --since 2026-11-20
    """
    from bodega.data.quality.history import History

    conditions, given = ["true"], list[object]()
    for condition, value in (
        ("table_name = ?", table),
        ("noted_at >= ?", since and since.replace(tzinfo=UTC)),
    ):
        if value is not None:
            conditions.append(condition)
            given.append(value)
    if differing:
        conditions.append("not agrees")
    rows = History(lake_root()).rows(
        "reconciliations", " and ".join(conditions), given, limit=limit,
        order="noted_at desc, hop, table_name, measure",
    )  # fmt: skip
    names = ("noted_at", "load", "hop", "table_name", "measure", "source", "target", "agrees")
    nothing = "Every load agreed." if differing else "No load was reconciled yet."
    said(names, rows, as_json=as_json, nothing=nothing)
    if not all(row["agrees"] for row in rows):
        raise typer.Exit(1)


def checks(
    table: Table = None,
    failing: Annotated[bool, typer.Option("--failing", help="Only what fails now.")] = False,
    past: Annotated[bool, typer.Option("--history", help="Every change of state.")] = False,
    limit: Limit = 500,
    as_json: AsJson = False,
) -> None:
    """Show what each check found last. Exit code 1: one that blocks publishing fails.

    Example: bodega quality checks --failing
    """
    from bodega.data.quality.constraints import retired
    from bodega.data.quality.history import History

    newest = "true" if past else (
        "true qualify row_number() over (partition by table_name, check_name "
        "order by noted_at desc) = 1"
    )  # fmt: skip
    named = "table_name = ?" if table else "true"
    rows = History(lake_root()).ask(
        "results",
        f"select * from (select * from results where {named} and {newest}) "  # noqa: S608
        f"where {'not passed' if failing else 'true'} "
        f"order by passed, table_name, check_name, noted_at desc limit {limit}",
        [table] if table else [],
    )
    policy = _policy()
    rows = [
        row
        for row in rows
        if past
        or row["kind"] != "constraint"
        or not retired(policy, row["table_name"], row["check_name"])
    ]
    names = ("table_name", "check_name", "kind", "severity", "passed", "row_count", "observed",
             "expected", "noted_at")  # fmt: skip
    said(names, rows, as_json=as_json, nothing="Nothing to show: no check has run, or all pass.")
    if not past and any(not row["passed"] and row["severity"] == "block" for row in rows):
        raise typer.Exit(1)


def profile(
    table: Annotated[str, typer.Argument(help="As gold.fct_orders.")],
    past: Annotated[bool, typer.Option("--history", help="Rows and drift over time.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a table in figures, as it was last looked at: nulls, quantiles, top values, drift.

    Example: bodega quality profile gold.fct_orders
    """
    from bodega.data.quality.history import History
    from bodega.data.quality.profile import as_rows
    from bodega.data.quality.watcher import profiles

    found = profiles(History(lake_root()), table)
    if past:
        rows = [
            {"noted_at": one.at, "version": one.version, "rows": one.total, "drift": one.drift}
            for one in found
        ]
        said(("noted_at", "version", "rows", "drift"), rows, as_json=as_json, nothing=_UNSEEN)
        return
    rows = [row for one in found[:1] for row in as_rows(one) if row["column_name"]]
    names = ("column_name", "column_type", "row_count", "nulls", "distinct", "lowest", "highest",
             "mean", "drift", "top")  # fmt: skip
    said(names, rows, as_json=as_json, nothing=_UNSEEN)


def dead(
    table: Table = None,
    reason: Annotated[str | None, typer.Option(help="A part of the reason.")] = None,
    since: Since = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List rows that were set aside, with their reasons: of sources, of the shop's tables, events.

    Values that belong to a person are not shown. Events are listed while the database answers.

    Example: bodega quality dead --table bronze.suppliers__prices --reason decimal
    """
    from bodega.apps.repair import parked_rows, set_aside
    from bodega.backbone.settings import load_settings

    at = since and since.replace(tzinfo=UTC)
    rows = set_aside(load_settings(), table=table, reason=reason, since=at, limit=limit)
    if table is None:
        rows = [*rows, *parked_rows(reason=reason, since=at, limit=limit)][:limit]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, default=str))
    elif rows:
        shown = [(r["id"], r["since"][:19], r["reason"], json.dumps(r["row"])) for r in rows]
        print_table(["id", "since", "reason", "row"], shown)
    else:
        typer.echo("Nothing was set aside, or all of it was driven again.")


def redrive(
    ids: Annotated[list[str] | None, typer.Option("--id", help="As `dead` names it.")] = None,
    *,
    table: Annotated[str | None, typer.Option(help="Every dead row of this table.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this in the reason.")] = None,
    edits: Annotated[
        list[str] | None, typer.Option("--set", help="field=value; field= empties it.")
    ] = None,
    why: Annotated[str, typer.Option(help="Kept with who and when.")],
    drop: Annotated[bool, typer.Option("--drop", help="Give the rows up instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drive dead rows again, edited or under a contract that has changed; each counts once.

    They take the road of fresh rows, at the place where they arrived. Exit code 1: some are not
    fit yet.

    Example: bodega quality redrive --id suppliers__prices:1795-2 --set price=12.50 --why "typo"
    """
    import getpass

    from bodega.apps.repair import drive_again, set_aside
    from bodega.backbone.settings import load_settings
    from bodega.data.quality.redrive import Repair

    settings = load_settings()
    chosen = list(ids or [])
    if table is not None:
        chosen += [r["id"] for r in set_aside(settings, table=table, reason=reason, limit=100_000)]
    if not chosen:
        raise typer.BadParameter("say which: --id, or --table with rows that are dead")
    repair = Repair(f"operator:{getpass.getuser()}", why, _edits(edits or []), drop=drop)
    outcomes = drive_again(settings, chosen, repair)
    rows = [{"id": one.id, "outcome": one.outcome, "detail": one.detail} for one in outcomes]
    said(("id", "outcome", "detail"), rows, as_json=as_json, nothing="")
    if any(one.outcome == "still" for one in outcomes):
        raise typer.Exit(1)


def _edits(given: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for edit in given:
        name, sign, value = edit.partition("=")
        if not sign or not name.strip():
            raise typer.BadParameter(f"{edit!r}: say field=value", param_hint="--set")
        found[name.strip()] = value or None
    return found


def _policy() -> "Policy":
    """As the pipelines follow it."""
    from bodega.backbone.settings import load_settings
    from bodega.data.quality.followed import FollowedPolicy

    return FollowedPolicy(lake_root(), load_settings().quality_file).current


def table_ages() -> "list[TableAge]":
    """Of this shop's lake, by its policy and sources."""
    from bodega.backbone.settings import load_settings
    from bodega.data.ingest.sources.config import read_sources
    from bodega.data.quality.freshness import freshness as ages
    from bodega.data.quality.policy import read_policy

    settings = load_settings()
    return ages(
        lake_root(), read_policy(settings.quality_file), read_sources(settings.sources_file)
    )


def said(names: Iterable[str], rows: list[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    """Rows for a script or for a person."""
    wanted = list(names)
    if as_json:
        picked = [{name: row[name] for name in wanted} for row in rows]
        typer.echo(json.dumps(picked, indent=1, default=str))
    elif rows:
        print_table(wanted, [[_cell(row[name]) for name in wanted] for row in rows])
    else:
        typer.echo(nothing)


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {True: "yes", False: "NO"}[value] if isinstance(value, bool) else value


def _promised(age: "TableAge") -> tuple[str, str]:
    if age.promise is None:
        return ("-", "-")
    return (_span(age.promise.warn.total_seconds()), _span(age.promise.late.total_seconds()))


def _span(seconds: float | None) -> str:
    """The largest whole unit: `3 s`, `4 min`, `2 h`, `5 d`."""
    if seconds is None:
        return "never"
    whole = int(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
